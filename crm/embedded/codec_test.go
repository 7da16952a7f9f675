package embedded

import (
	"bytes"
	"errors"
	"maps"
	"testing"

	"pgregory.net/rapid"
)

func TestCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &stored{
			created: rapid.Int64().Draw(t, "created"), updated: rapid.Int64().Draw(t, "updated"),
			values: rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "values"),
		}
		got, err := decode(s.encode())
		if err != nil || got.created != s.created || got.updated != s.updated || !maps.Equal(got.values, s.values) {
			t.Fatalf("got %+v and %v, want %+v", got, err, s)
		}
	})
}

// What decodes is what encode writes; anything else is an error, never a panic.
func FuzzDecode(f *testing.F) {
	f.Add((&stored{created: 1, updated: 2, values: map[string]string{"email": "a@b.example", "7": ""}}).encode())
	f.Add([]byte{recordFormat, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decode(b)
		if err != nil {
			if !errors.Is(err, errDamaged) {
				t.Errorf("got %v", err)
			}
			return
		}
		again, err := decode(s.encode())
		if err != nil || !maps.Equal(again.values, s.values) || !bytes.Equal(again.encode(), s.encode()) {
			t.Errorf("%x decodes to %+v, and that to %+v (%v)", b, s, again, err)
		}
	})
}
