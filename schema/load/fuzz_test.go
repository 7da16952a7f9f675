package load

import (
	"bytes"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"accord/schema"
)

// seeds are the files of the examples, the mistakes, and texts that are hard to
// read.
func seeds(f *testing.F) {
	err := fs.WalkDir(os.DirFS("testdata/language"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile("testdata/language/" + name)
		f.Add(data)
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	for _, m := range mistakes {
		text, _, _, _ := m.place()
		f.Add([]byte(text))
	}
	for _, s := range hard {
		f.Add([]byte(s))
	}
}

var hard = []string{
	"a: &a [1]\nb: *a\nc:\n  <<: {d: 1}\n  <<: [{e: 2}, {d: 3}]\n",
	"a: |+\n  x\n\n\nb: >-\n  y\n   z\n\n  w\nc: |2\n    v\n",
	"a: 'it''s\n  folded\n\n  here'\nb: \"esc\\n\\u00e9 \\\n  joined\"\nc: plain\n  on\n\n  lines\n",
	"# head\n\na: 1 # line\n# foot\n---\n# second\n- x\n-\n  - y\n...\n# rest\n",
	"\xef\xbb\xbfa: 1\r\nb: |\r\n  x\r\n  y\r\n",
	"? [a]\n: b\n? {c: d}\n: e\n",
	"%YAML 1.1\n---\na: !!str 1\nb: !!binary aGk=\nc: !x y\n",
	"a: 0x1F\nb: 0o17\nc: 1_000\nd: .inf\ne: 2024-01-01\nf: ~\n1: x\nnull: y\n",
	"{a: [1, 2,\n  3], b: {c: d\n}, # comment\n e: \"f\"}\n",
	"---\n---\n--- x\n...\n---\n",
	"a: b: c\n---\nd: e\n",
	"- |\n\n\n  x\n- >\n\n\n  y\n- >+\n\n",
}

// FuzzLoad: whatever a file holds, it is read without a crash; findings are in
// the file; the shape of a kind accepts exactly what jsonschema accepts; what is
// read can be written and read again; and every text can be followed.
func FuzzLoad(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		p := parse("a.yaml", data)
		for _, d := range p.findings {
			if d.Line < 1 || d.Line > len(p.index()) || d.Column < 1 || d.EndColumn != 0 && d.EndColumn <= d.Column {
				t.Errorf("%v (to %d) is not in the file", d, d.EndColumn)
			}
			p.shown(d.Line)
		}
		for _, d := range p.documents {
			if d.sound {
				again, err := schema.Parse(d.resource.Canonical())
				if err != nil || !bytes.Equal(again.Canonical(), d.resource.Canonical()) {
					t.Errorf("%v does not come back: %v", d.resource.Ref(), err)
				}
			}
		}
		if _, bad := p.unreadable(); bad {
			return
		}
		for i := range p.chunks() {
			tr, ok := p.tree(schema.Origin{Document: i})
			if !ok {
				continue
			}
			follow(t, tr, tr.root)
			agree(t, tr)
		}
	})
}

// follow checks that the text of every scalar is read as yaml.v3 reads it.
func follow(t *testing.T, tr *tree, n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		if s, ok := tr.scan(n); !ok {
			t.Errorf("the text %q at %d:%d is not followed", n.Value, n.Line+tr.base, n.Column)
		} else if s.end < s.start || s.end > len(tr.text) {
			t.Errorf("the text %q is at %d to %d", n.Value, s.start, s.end)
		}
	case yaml.AliasNode:
		return // the tree was refused
	}
	for _, c := range n.Content {
		follow(t, tr, c)
	}
}

func agree(t *testing.T, tr *tree) {
	k := schema.Kind(text(tr.root, "kind"))
	if len(tr.findings) > 0 || !k.Known() {
		return
	}
	if _, spec := entry(tr.root, "spec"); spec != nil && forms[k].shape().accepts(tr.root) {
		got, err := bind(k, spec)
		want, err2 := schema.ParseSpec(k, appendJSON(nil, spec))
		if (err == nil) != (err2 == nil) || !reflect.DeepEqual(got, want) {
			t.Errorf("bound, it is\n%+v, %v\nand parsed\n%+v, %v", got, err, want, err2)
		}
	}
	v, err := decodeJSON(appendJSON(nil, tr.root))
	if err != nil {
		t.Fatalf("the JSON of a document is none: %v", err)
	}
	if got, want := forms[k].shape().accepts(tr.root), forms[k].schema().Validate(v); got != (want == nil) {
		t.Errorf("the shape of %s says %v, jsonschema %v", k, got, want)
	}
}

// FuzzFormat: a formatted file says what it said, has the comments it had, and
// is not changed by formatting it again.
func FuzzFormat(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			return
		}
		got, err := Format(data)
		if err != nil {
			return
		}
		again, err := Format(got)
		if err != nil {
			t.Fatalf("formatted, it is no YAML: %v\n%s\n---- was\n%s", err, got, data)
		}
		if !bytes.Equal(got, again) {
			t.Errorf("formatted twice:\n%s\n---- once:\n%s\n---- was\n%s", again, got, data)
		}
		if before, after := values(data), values(got); before != after {
			t.Errorf("it says\n%s\nand said\n%s\n---- formatted:\n%s\n---- was\n%s", after, before, got, data)
		}
	})
}

// values is what the documents of a file say.
func values(data []byte) string {
	var b strings.Builder
	s := newSource("", data)
	for _, c := range s.chunks() {
		v, err := readValue(s.text[c.start:c.end])
		if err != nil {
			return err.Error()
		}
		b.Write(v)
		b.WriteByte('\n')
	}
	return b.String()
}
