package embedded

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
)

// stored is a record as it lies in the store: values by the id of a declared
// property or the name of a standard one; see keys.
type stored struct {
	created, updated int64 // milliseconds since 1970
	values           map[string]string
}

var errDamaged = errors.New("the record is damaged")

const recordFormat = 1

// encode writes a record: the format, both times, and each value in the order of
// their names, lengths before text.
func (s *stored) encode() []byte {
	size := 1 + 3*binary.MaxVarintLen64
	for name, value := range s.values {
		size += 2*binary.MaxVarintLen32 + len(name) + len(value)
	}
	b := make([]byte, 0, size)
	b = append(b, recordFormat)
	b = binary.AppendVarint(b, s.created)
	b = binary.AppendVarint(b, s.updated)
	b = binary.AppendUvarint(b, uint64(len(s.values)))
	for _, name := range slices.Sorted(maps.Keys(s.values)) {
		b = appendText(appendText(b, name), s.values[name])
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// decode reads what encode wrote; anything else is errDamaged.
func decode(b []byte) (*stored, error) {
	if len(b) == 0 || b[0] != recordFormat {
		return nil, errDamaged
	}
	r := reader{b: b[1:]}
	s := &stored{created: r.varint(), updated: r.varint()}
	n := r.uvarint()
	if r.bad || n > uint64(len(r.b)) {
		return nil, errDamaged
	}
	s.values = make(map[string]string, n)
	for range n {
		name := r.text()
		s.values[name] = r.text()
	}
	if r.bad || len(r.b) > 0 || uint64(len(s.values)) != n {
		return nil, errDamaged
	}
	return s, nil
}

type reader struct {
	b   []byte
	bad bool
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}
