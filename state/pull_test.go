package state_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"accord/schema"
	"accord/state"
	"accord/state/statetest"
)

func pulled(t testing.TB) *state.Snapshot {
	t.Helper()
	snap := &state.Snapshot{Meta: state.Meta{Lineage: "4f2a", Serial: 12}, Records: map[schema.Ref]state.Record{}}
	for i, name := range []string{"b", "a"} {
		r := statetest.Record(name, "a < b & \u2028 <ü>")
		r.Serial = uint64(i)
		r.Accounts = []string{"acme-de"}
		r.IDs = map[string]string{"acme-de": "<17>"}
		r.Implied = map[string]map[string]string{"acme-de": {"x": "y"}}
		r.PreventDestroy = i == 0
		snap.Records[r.Ref] = r
	}
	return snap
}

func encode(t testing.TB, s *state.Snapshot) string {
	t.Helper()
	var b bytes.Buffer
	if err := state.Encode(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEncode(t *testing.T) {
	snap := &state.Snapshot{Meta: state.Meta{Lineage: "4f2a", Serial: 12}, Records: map[schema.Ref]state.Record{}}
	if got, want := encode(t, snap), "{\n \"formatVersion\": \"1.0\",\n \"lineage\": \"4f2a\",\n \"serial\": 12,\n \"records\": [\n ]\n}\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, name := range []string{"b", "a"} {
		r := state.NewRecord(&schema.Resource{Kind: schema.KindAccount, Name: name, Spec: &schema.Account{}})
		snap.Records[r.Ref] = r
	}
	got := strings.Split(encode(t, snap), "\n")
	if len(got) != 10 || !strings.HasPrefix(got[5], `  {"address":"Account/a","resource":{"apiVersion"`) || !strings.HasPrefix(got[6], `  {"address":"Account/b"`) {
		t.Errorf("got\n%s\nwant a record a line, sorted", strings.Join(got, "\n"))
	}
	if err := state.Encode(brokenPipe{}, snap); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Encode into a broken pipe: %v", err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestDecode(t *testing.T) {
	want := pulled(t)
	text := encode(t, want)
	var indented, compact bytes.Buffer
	if err := json.Indent(&indented, []byte(text), "", "\t"); err != nil {
		t.Fatal(err)
	}
	if err := json.Compact(&compact, []byte(text)); err != nil {
		t.Fatal(err)
	}
	var anything any // sorts the keys of all objects, as other programs do
	if err := json.Unmarshal([]byte(text), &anything); err != nil {
		t.Fatal(err)
	}
	digest := want.Records[schema.Ref{Kind: schema.KindProperty, Name: "a"}].Digest
	for name, text := range map[string]string{
		"as it was written": text,
		"indented":          indented.String(),
		"compact":           compact.String(),
		"sorted":            string(must(json.Marshal(anything))),
		"without digest":    strings.ReplaceAll(text, `,"digest":"`+digest+`"`, ""),
	} {
		got, err := state.Decode(strings.NewReader(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	text := encode(t, pulled(t))
	replace := func(old, new string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("%q is not in %s", old, text)
		}
		return strings.Replace(text, old, new, 1)
	}
	tests := []struct{ name, text, says string }{
		{"empty", "", "cut off"},
		{"cut off", text[:len(text)/2], "cut off"},
		{"cut off at the end", text[:len(text)-2], "cut off"},
		{"two", text + "{}", "something follows its end"},
		{"something else", "[]", "at byte 1 there is [ where { should be"},
		{"not JSON", "kind: Account", "invalid character 'k'"},
		{"records are no list", replace(`"records": [`, `"records": {"x":[`), "there is { where [ should be"},
		{"newer format", replace(`"1.0"`, `"2.0"`), `it has the format "2.0"`},
		{"unknown field", replace(`"serial": 12`, `"serial": 12, "outputs": {}`), `there is no field "outputs"`},
		{"unknown field of a record", replace(`{"address"`, `{"color":"red","address"`), `record 1: json: unknown field "color"`},
		{"field twice", replace(`"serial": 12`, `"serial": 12, "serial": 13`), `"serial" stands twice`},
		{"no lineage", replace(` "lineage": "4f2a",`, ""), `it has no field "lineage"`},
		{"negative serial", replace(`"serial": 12`, `"serial": -1`), "-1"},
		{"record newer than the state", replace(`"serial": 12`, `"serial": 0`), "Property/a was written at serial 1, and the state has 0"},
		{"changed resource", replace(`a < b`, `a > b`), "record 1: Property/a: the state is damaged: its digest does not fit; where the resource was changed on purpose, remove the field digest"},
		{"twice the same", replace(`Property/b`, `Property/a`), "record 2: Property/a stands twice"},
		{"no such kind", replace(`"Property/a"`, `"Propertie/a"`), `record 1: "Propertie/a" is not an address`},
		{"kind that is not applied", replace(`"Property/a"`, `"Policy/a"`), `record 1: Policy/a cannot be in a state`},
		{"no address", replace(`"address":"Property/a",`, ""), "record 1 has no address"},
		{"no resource", `{"formatVersion":"1.0","lineage":"","serial":0,"records":[{"address":"Account/a"}]}`, "record 1: Account/a: it has no resource"},
		{"resource of another", `{"formatVersion":"1.0","lineage":"","serial":0,"records":[{"address":"Account/a","resource":{"kind":"Account","metadata":{"name":"b"}}}]}`, "it holds the resource Account/b"},
		{"resource of no kind", `{"formatVersion":"1.0","lineage":"","serial":0,"records":[{"address":"Account/a","resource":{}}]}`, `there is no kind ""`},
		{"deep", `{"formatVersion":"1.0","lineage":"","serial":0,"records":[{"address":"Account/a","resource":` + strings.Repeat("[", 20_000), "exceeded max depth"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := state.Decode(strings.NewReader(test.text))
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, %v, want an error that says %q", got, err, test.says)
			}
		})
	}
	broken := io.MultiReader(strings.NewReader(text[:30]), errReader{})
	if _, err := state.Decode(broken); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a reader that breaks: got %v", err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

// FuzzDecode reads what nobody has written: it never panics, and what it takes
// is read again as the same.
func FuzzDecode(f *testing.F) {
	text := encode(f, pulled(f))
	f.Add([]byte(text))
	f.Add([]byte(strings.ReplaceAll(text, `"digest"`, `"Digest"`)))
	f.Add([]byte(`{"formatVersion":"1.0","lineage":"","serial":0,"records":[{"address":"Account/a","resource":{"kind":"Account","metadata":{"name":"a"}}}]}`))
	f.Add([]byte(`{"records":[{"address":"Workflow/x","resource":{"spec":{"steps":[{"wait":"1d"}]}}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := state.Decode(bytes.NewReader(data))
		if err != nil {
			return
		}
		for ref, r := range got.Records {
			if r.Ref != ref || r.Digest != schema.Digest(r.Resource) || r.Serial > got.Serial {
				t.Fatalf("took %+v", r)
			}
		}
		again, err := state.Decode(strings.NewReader(encode(t, got)))
		if err != nil {
			t.Fatalf("what was taken is not taken again: %v", err)
		}
		if a, b := encode(t, got), encode(t, again); a != b {
			t.Fatalf("read\n%s\nand then\n%s", a, b)
		}
	})
}
