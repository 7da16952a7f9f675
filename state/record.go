package state

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"accord/schema"
)

// A record is stored as
//
//	flags      1 byte: 1 = PreventDestroy
//	digest     32 bytes
//	serial     uvarint
//	length     uvarint: of accounts, ids and implied together
//	accounts   uvarint n, then n strings
//	ids        uvarint n, then n times account, id
//	implied    uvarint n, then n times account, uvarint m, then m times what, id
//	resource   the rest but 4 bytes
//	checksum   CRC-32C of everything before it, big-endian
//
// with strings as uvarint length and bytes, and maps sorted by key. The resource
// is not compressed and not decoded: a plan of a state in which little has
// changed compares digests and looks into few.

const flagPreventDestroy = 1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// check says why r cannot be stored.
func (r *Record) check() error {
	switch {
	case !r.Ref.Kind.Managed():
		return fmt.Errorf("%v cannot be in a state: resources of the kind %q are not applied", r.Ref, r.Ref.Kind)
	case r.Ref.Name == "" || !utf8.ValidString(r.Ref.Name) || strings.ContainsRune(r.Ref.Name, 0):
		return fmt.Errorf("%q is not a name of a resource of the kind %s", r.Ref.Name, r.Ref.Kind)
	case r.Digest != schema.Digest(r.Resource):
		return fmt.Errorf("%v has the digest %s, and the record says %q", r.Ref, schema.Digest(r.Resource), r.Digest)
	}
	return nil
}

// encodeRecord returns the stored form of r, which check has passed.
func encodeRecord(r *Record) []byte {
	accounts := r.Accounts
	if !slices.IsSorted(accounts) {
		accounts = slices.Sorted(slices.Values(accounts))
	}
	var places []byte
	places = binary.AppendUvarint(places, uint64(len(accounts)))
	for _, a := range accounts {
		places = appendString(places, a)
	}
	places = appendStrings(places, r.IDs)
	places = binary.AppendUvarint(places, uint64(len(r.Implied)))
	for _, account := range slices.Sorted(maps.Keys(r.Implied)) {
		places = appendString(places, account)
		places = appendStrings(places, r.Implied[account])
	}

	b := make([]byte, 1, 1+sha256.Size+2*binary.MaxVarintLen64+len(places)+len(r.Resource)+crc32.Size)
	if r.PreventDestroy {
		b[0] |= flagPreventDestroy
	}
	digest := sha256.Sum256(r.Resource)
	b = append(b, digest[:]...)
	b = binary.AppendUvarint(b, r.Serial)
	b = binary.AppendUvarint(b, uint64(len(places)))
	b = append(b, places...)
	b = append(b, r.Resource...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendStrings(b []byte, m map[string]string) []byte {
	b = binary.AppendUvarint(b, uint64(len(m)))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		b = appendString(appendString(b, k), m[k])
	}
	return b
}

var (
	errChecksum = errors.New("its checksum does not fit")
	errDigest   = errors.New("its digest does not fit")
	errForm     = errors.New("it cannot be decoded")
	errKind     = errors.New("its kind is not one of those that are applied")
)

// decodeRecord is the way back. The record's resource is part of b.
func decodeRecord(ref schema.Ref, b []byte) (Record, error) {
	if len(b) < 1+sha256.Size+crc32.Size {
		return Record{}, errForm
	}
	b, sum := b[:len(b)-crc32.Size], b[len(b)-crc32.Size:]
	if crc32.Checksum(b, castagnoli) != binary.BigEndian.Uint32(sum) {
		return Record{}, errChecksum
	}
	flags, digest, b := b[0], [sha256.Size]byte(b[1:]), b[1+sha256.Size:]
	serial, n := binary.Uvarint(b)
	if n <= 0 {
		return Record{}, errForm
	}
	b = b[n:]
	length, n := binary.Uvarint(b)
	if n <= 0 || length > uint64(len(b)-n) {
		return Record{}, errForm
	}
	places, body := b[n:n+int(length)], b[n+int(length):]
	if sha256.Sum256(body) != digest {
		return Record{}, errDigest
	}

	r := Record{Ref: ref, Resource: body, Serial: serial, PreventDestroy: flags&flagPreventDestroy != 0}
	var hexDigest [2 * sha256.Size]byte
	hex.Encode(hexDigest[:], digest[:])
	r.Digest = string(hexDigest[:])

	// One string for all places: the others are parts of it.
	d := placesDecoder{rest: string(places)}
	if n := d.count(1); n > 0 {
		r.Accounts = make([]string, n)
		for i := range r.Accounts {
			r.Accounts[i] = d.string()
		}
	}
	r.IDs = d.strings()
	if n := d.count(2); n > 0 {
		r.Implied = make(map[string]map[string]string, n)
		for range n {
			account := d.string()
			r.Implied[account] = d.strings()
		}
	}
	if d.bad || d.rest != "" {
		return Record{}, errForm
	}
	return r, nil
}

// placesDecoder reads accounts, ids and implied. After the first mistake it is
// bad and yields nothing.
type placesDecoder struct {
	rest string
	bad  bool
}

// count reads the number of entries that have at least size bytes each, so that
// a wrong number does not reserve more memory than there are bytes.
func (d *placesDecoder) count(size int) int {
	var n uint64
	for i := 0; i < len(d.rest) && i < binary.MaxVarintLen32; i++ {
		c := d.rest[i]
		n |= uint64(c&0x7F) << (7 * i)
		if c < 0x80 {
			d.rest = d.rest[i+1:]
			if n > uint64(len(d.rest)/size) {
				break
			}
			return int(n)
		}
	}
	d.rest, d.bad = "", true
	return 0
}

func (d *placesDecoder) string() string {
	n := d.count(1)
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

func (d *placesDecoder) strings() map[string]string {
	n := d.count(2)
	if n == 0 {
		return nil
	}
	m := make(map[string]string, n)
	for range n {
		k := d.string()
		m[k] = d.string()
	}
	return m
}
