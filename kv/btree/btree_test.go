package btree

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestModel runs random changes on a family of clones beside plain Go maps. A
// change of one clone must be seen in that clone and nowhere else.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type pair struct {
			tree  *Map
			model map[string]string
		}
		pairs := []pair{{new(Map), map[string]string{}}}
		// Many keys for depth, some of them close to each other for order.
		key := rapid.Custom(func(t *rapid.T) []byte {
			if rapid.Bool().Draw(t, "dense") {
				return fmt.Appendf(nil, "%04d", rapid.IntRange(0, 3000).Draw(t, "n"))
			}
			return rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, '0', 0xFE, 0xFF}), 1, 4).Draw(t, "bytes")
		})
		pick := func(t *rapid.T) *pair {
			return &pairs[rapid.IntRange(0, len(pairs)-1).Draw(t, "map")]
		}
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				p, k := pick(t), key.Draw(t, "key")
				v := rapid.StringN(0, 3, -1).Draw(t, "value")
				p.tree.Set(k, []byte(v))
				p.model[string(k)] = v
			},
			"fill": func(t *rapid.T) {
				p := pick(t)
				from := rapid.IntRange(0, 3000).Draw(t, "from")
				to := from + rapid.IntRange(1, 2000).Draw(t, "n")
				for i := from; i < to; i++ {
					k := fmt.Sprintf("%04d", i)
					p.tree.Set([]byte(k), []byte(k))
					p.model[k] = k
				}
			},
			"delete": func(t *rapid.T) {
				p, k := pick(t), key.Draw(t, "key")
				_, want := p.model[string(k)]
				if got := p.tree.Delete(k); got != want {
					t.Fatalf("Delete(%q) = %v, want %v", k, got, want)
				}
				delete(p.model, string(k))
			},
			"sweep": func(t *rapid.T) {
				p := pick(t)
				span := [2][]byte{key.Draw(t, "from"), key.Draw(t, "to")}
				c := p.tree.Cursor(span[0], span[1], rapid.Bool().Draw(t, "reverse"))
				for c.Next() { // deleting under the cursor must not disturb it
					if !p.tree.Delete(c.Key()) {
						t.Fatalf("cursor yields %q, which is not there", c.Key())
					}
				}
				for k := range p.model {
					if k >= string(span[0]) && k < string(span[1]) {
						delete(p.model, k)
					}
				}
			},
			"clone": func(t *rapid.T) {
				if len(pairs) < 4 {
					p := pick(t)
					pairs = append(pairs, pair{p.tree.Clone(), maps.Clone(p.model)})
				}
			},
			"": func(t *rapid.T) {
				for i, p := range pairs {
					check(t, i, p.tree, p.model)
				}
				p, from, to := pick(t), key.Draw(t, "from"), key.Draw(t, "to")
				reverse := rapid.Bool().Draw(t, "reverse")
				var want []string
				for _, k := range slices.Sorted(maps.Keys(p.model)) {
					if k >= string(from) && k < string(to) {
						want = append(want, k)
					}
				}
				if reverse {
					slices.Reverse(want)
				}
				var got []string
				for c := p.tree.Cursor(from, to, reverse); c.Next(); {
					got = append(got, string(c.Key()))
				}
				if !slices.Equal(got, want) {
					t.Fatalf("cursor from %q to %q, reverse %v:\n got %q\nwant %q", from, to, reverse, got, want)
				}
			},
		})
	})
}

func check(t *rapid.T, i int, m *Map, model map[string]string) {
	t.Helper()
	if m.Len() != len(model) {
		t.Fatalf("map %d: Len() = %d, want %d", i, m.Len(), len(model))
	}
	n := 0
	var last []byte
	for c := m.Cursor(nil, nil, false); c.Next(); n++ {
		if n > 0 && bytes.Compare(last, c.Key()) >= 0 {
			t.Fatalf("map %d: %q comes before %q", i, last, c.Key())
		}
		last = c.Key()
		if v, ok := model[string(c.Key())]; !ok || v != string(c.Value()) {
			t.Fatalf("map %d: entry %q: %q, want %q (%v)", i, c.Key(), c.Value(), v, ok)
		}
		if v, ok := m.Get(c.Key()); !ok || !bytes.Equal(v, c.Value()) {
			t.Fatalf("map %d: Get(%q) = %q, %v", i, c.Key(), v, ok)
		}
	}
	if n != len(model) {
		t.Fatalf("map %d: cursor yields %d entries, want %d", i, n, len(model))
	}
	if m.root != nil {
		checkNode(t, m.root, m.root)
	}
}

// checkNode returns how high n is, and refuses what would make the tree slow or
// wrong: leaves at different depths, nodes too large, inner nodes without children.
func checkNode(t *rapid.T, root, n *node) int {
	t.Helper()
	if len(n.keys) > fanout || (n != root && len(n.keys) == 0) {
		t.Fatalf("a node with %d keys", len(n.keys))
	}
	if n.leaf() {
		if len(n.keys) != len(n.values) {
			t.Fatalf("a leaf with %d keys and %d values", len(n.keys), len(n.values))
		}
		return 1
	}
	if len(n.keys) != len(n.kids) || len(n.kids) == 0 {
		t.Fatalf("an inner node with %d keys and %d children", len(n.keys), len(n.kids))
	}
	height := checkNode(t, root, n.kids[0])
	for _, kid := range n.kids[1:] {
		if h := checkNode(t, root, kid); h != height {
			t.Fatalf("leaves at depths %d and %d", height, h)
		}
	}
	return height + 1
}

// TestShrinks holds the tree to the height that its size asks for.
func TestShrinks(t *testing.T) {
	var m Map
	const n = 20_000
	key := func(i int) []byte { return fmt.Appendf(nil, "%06d", i) }
	for i := range n {
		m.Set(key(i), nil)
	}
	for i := range n {
		if i%500 != 0 {
			m.Delete(key(i))
		}
	}
	leaves := 0
	var count func(*node)
	count = func(n *node) {
		if n.leaf() {
			leaves++
		}
		for _, kid := range n.kids {
			count(kid)
		}
	}
	count(m.root)
	if m.Len() != n/500 || leaves > 10 {
		t.Errorf("%d entries in %d leaves, want %d in at most 10", m.Len(), leaves, n/500)
	}
	for i := range n {
		m.Delete(key(i))
	}
	if m.Len() != 0 || m.Cursor(nil, nil, true).Next() {
		t.Errorf("entries are left after deleting all: %d", m.Len())
	}
	m.Set(key(1), nil)
	if _, ok := m.Get(key(1)); !ok {
		t.Error("an emptied map does not take a key")
	}
}

func BenchmarkSet(b *testing.B) {
	for _, shared := range []bool{false, true} {
		b.Run(fmt.Sprintf("shared=%v", shared), func(b *testing.B) {
			var m Map
			for i := 0; b.Loop(); i++ {
				if shared {
					m.Clone()
				}
				k := fmt.Appendf(nil, "%08d", (i*7919)%1_000_000)
				m.Set(k, k)
			}
		})
	}
}
