package state

import (
	"encoding/binary"
	"hash/crc32"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"accord/schema"
)

func TestRecordForm(t *testing.T) {
	text := rapid.String()
	ids := rapid.MapOfN(text, text, 1, 5)
	ref := schema.Ref{Kind: schema.KindProperty, Name: "a"}
	rapid.Check(t, func(r *rapid.T) {
		want := Record{Ref: ref, Resource: rapid.SliceOf(rapid.Byte()).Draw(r, "resource"), PreventDestroy: rapid.Bool().Draw(r, "protected"), Serial: rapid.Uint64().Draw(r, "serial")}
		if rapid.Bool().Draw(r, "places") {
			want.Accounts = rapid.SliceOfN(text, 1, 4).Draw(r, "accounts")
			want.IDs = ids.Draw(r, "ids")
			want.Implied = map[string]map[string]string{text.Draw(r, "account"): ids.Draw(r, "implied"), "": nil}
		}
		want.Digest = schema.Digest(want.Resource)
		b := encodeRecord(&want)
		got, err := decodeRecord(ref, b)
		if err != nil {
			r.Fatal(err)
		}
		// The form is the same whatever the order of maps, and accounts are sorted.
		again := encodeRecord(&got)
		if string(again) != string(b) {
			r.Fatalf("encoded\n%x\nand again\n%x", b, again)
		}
		got.Accounts, want.Accounts = nil, nil
		if !reflect.DeepEqual(got, want) {
			r.Fatalf("got\n%+v\nwant\n%+v", got, want)
		}
	})
}

func TestAccountsAreSorted(t *testing.T) {
	r := Record{Accounts: []string{"b", "c", "a"}}
	got, err := decodeRecord(r.Ref, encodeRecord(&r))
	if err != nil || !reflect.DeepEqual(got.Accounts, []string{"a", "b", "c"}) {
		t.Errorf("got %v, %v", got.Accounts, err)
	}
	if r.Accounts[0] != "b" {
		t.Error("encodeRecord changed the caller's accounts")
	}
}

// FuzzDecodeRecord decodes rows whose checksum is right and whose bytes are not:
// it never panics, and what it takes has one form.
func FuzzDecodeRecord(f *testing.F) {
	full := Record{
		Resource: []byte(`{"kind":"Account"}`), Accounts: []string{"a", "b"}, IDs: map[string]string{"a": "1"},
		Implied: map[string]map[string]string{"a": {"x": "2"}}, Serial: 300, PreventDestroy: true,
	}
	b := encodeRecord(&full)
	f.Add(b[:len(b)-crc32.Size])
	f.Add(encodeRecord(&Record{}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		b = binary.BigEndian.AppendUint32(b[:len(b):len(b)], crc32.Checksum(b, castagnoli))
		r, err := decodeRecord(schema.Ref{Kind: schema.KindAccount, Name: "a"}, b)
		if err != nil {
			if !damage(err) {
				t.Fatalf("got %v, want one of its errors", err)
			}
			return
		}
		if schema.Digest(r.Resource) != r.Digest {
			t.Fatalf("took the digest %s", r.Digest)
		}
		again, err := decodeRecord(r.Ref, encodeRecord(&r))
		if err != nil {
			t.Fatal(err)
		}
		third, err := decodeRecord(r.Ref, encodeRecord(&again))
		if err != nil || !reflect.DeepEqual(third, again) {
			t.Fatalf("got\n%+v\nand then\n%+v, %v", again, third, err)
		}
	})
}
