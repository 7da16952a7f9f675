package kvtest

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"accord/kv"
)

// testModel runs random transactions beside a plain Go map.
func testModel(t *testing.T, open func(testing.TB) kv.DB) {
	test := t
	// A small alphabet with its ends makes keys that are prefixes and neighbors
	// of each other.
	key := rapid.Map(
		rapid.SliceOfN(rapid.SampledFrom([]byte{0x00, 0x01, 'a', 'b', 0xFE, 0xFF}), 1, 4),
		func(b []byte) string { return string(b) },
	)
	bound := rapid.OneOf(rapid.Just(""), key)
	value := rapid.StringN(0, 4, -1)
	rollback := errors.New("roll back")

	rapid.Check(t, func(t *rapid.T) {
		db := open(test)
		defer func() {
			if err := db.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}()
		model := map[string]string{}

		// compare checks a span of r, and a key, against a model.
		compare := func(t *rapid.T, r kv.Reader, model map[string]string) {
			span := kv.Span{From: []byte(bound.Draw(t, "from")), To: []byte(bound.Draw(t, "to"))}
			if rapid.Bool().Draw(t, "prefix") {
				span = kv.Prefix(span.From)
			}
			span.Reverse = rapid.Bool().Draw(t, "reverse")
			var want []string
			for _, k := range slices.Sorted(maps.Keys(model)) {
				if span.Contains([]byte(k)) {
					want = append(want, k)
				}
			}
			if span.Reverse {
				slices.Reverse(want)
			}
			var got, keys []string
			for e, err := range r.Range(span) {
				if err != nil {
					t.Fatalf("Range(%+v): %v", span, err)
				}
				got = append(got, string(e.Key))
				if string(e.Value) != model[string(e.Key)] {
					t.Fatalf("Range(%+v): %q=%q, want %q", span, e.Key, e.Value, model[string(e.Key)])
				}
			}
			for k, err := range r.Keys(span) {
				if err != nil {
					t.Fatalf("Keys(%+v): %v", span, err)
				}
				keys = append(keys, string(k))
			}
			if !slices.Equal(got, want) || !slices.Equal(keys, want) {
				t.Fatalf("span %+v:\nrange %q\n keys %q\n want %q", span, got, keys, want)
			}
			k := key.Draw(t, "get")
			wantValue, wantFound := model[k]
			v, err := r.Get([]byte(k))
			if found := err == nil; found != wantFound || string(v) != wantValue || !found && !errors.Is(err, kv.ErrNotFound) {
				t.Fatalf("Get(%q) = %q, %v, want %q, %v", k, v, err, wantValue, wantFound)
			}
			if has, err := r.Has([]byte(k)); has != wantFound || err != nil {
				t.Fatalf("Has(%q) = %v, %v, want %v", k, has, err, wantFound)
			}
		}
		// change writes to a transaction and returns what it makes of the model.
		change := func(t *rapid.T, txn kv.Txn) map[string]string {
			next := maps.Clone(model)
			for range rapid.IntRange(0, 12).Draw(t, "writes") {
				k := key.Draw(t, "key")
				var err error
				if rapid.IntRange(0, 2).Draw(t, "delete") == 0 {
					err = txn.Delete([]byte(k))
					delete(next, k)
				} else {
					v := value.Draw(t, "value")
					err = txn.Put([]byte(k), []byte(v))
					next[k] = v
				}
				if err != nil {
					t.Fatalf("write: %v", err)
				}
				if rapid.IntRange(0, 3).Draw(t, "look") == 0 {
					compare(t, txn, next)
				}
			}
			return next
		}
		commit := func(t *rapid.T) {
			var next map[string]string
			if err := db.Update(t.Context(), func(txn kv.Txn) error {
				next = change(t, txn)
				return nil
			}); err != nil {
				t.Fatalf("Update: %v", err)
			}
			model = next
		}
		t.Repeat(map[string]func(*rapid.T){
			"commit": commit,
			"roll back": func(t *rapid.T) {
				if err := db.Update(t.Context(), func(txn kv.Txn) error {
					change(t, txn)
					return rollback
				}); err != rollback {
					t.Fatalf("Update: %v, want %v", err, rollback)
				}
			},
			"look back": func(t *rapid.T) {
				before := model
				err := db.View(t.Context(), func(r kv.Reader) error {
					commit(t)
					compare(t, r, before)
					commit(t)
					compare(t, r, before)
					return nil
				})
				if err != nil {
					t.Fatalf("View: %v", err)
				}
			},
			"": func(t *rapid.T) {
				err := db.View(t.Context(), func(r kv.Reader) error {
					compare(t, r, model)
					return nil
				})
				if err != nil {
					t.Fatalf("View: %v", err)
				}
			},
		})
	})
}
