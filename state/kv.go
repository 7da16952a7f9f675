package state

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"accord/kv"
)

// KV is a state on a kv store. It is safe for concurrent use, and keeps nothing
// in memory: several may stand on the same rows. Closing the kv store is its
// owner's.
//
// These are the rows, all below Options.Prefix:
//
//	head                   JSON of head
//	lock                   JSON of lockRow
//	run/<id>               JSON of a Run; ids grow
//	g<generation>r<ref>    a Record, see record.go
//	g<generation>i<hash>   JSON of an Intent, the hash being of what identifies it
//
// The rows of a generation that are too long for one value continue below their
// key and a zero byte; see parts.
//
// Records and intents count in the generation that the head names, eight bytes,
// and in no other. A write that fits into a kv transaction changes that
// generation in place. One that does not builds the next generation beside it,
// in as many transactions as it takes, and then one transaction makes the head
// name it: readers see the state before or the state after, and so does the
// next process, wherever this one was killed. What is left of other generations
// is swept by the writer, or by who next takes the lock.
type KV struct {
	db     kv.DB
	prefix string
	now    func() time.Time
	rand   io.Reader
}

var _ Store = (*KV)(nil)

// Options of NewKV. The zero value is ready to use.
type Options struct {
	Prefix string           // of every key; "": "state/"
	Now    func() time.Time // the store's clock; nil: time.Now
	Rand   io.Reader        // what lineages and ids are made of; nil: crypto/rand
}

// NewKV returns the state in db.
func NewKV(db kv.DB, o Options) *KV {
	s := &KV{db: db, prefix: cmp.Or(o.Prefix, "state/"), now: o.Now, rand: o.Rand}
	if s.now == nil {
		s.now = time.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	return s
}

// format is the version of the rows. It changes with anything that an older
// accord would misread, a new kind included.
const format = 1

// The rows that there are several of.
const (
	runRow    = "run/"
	recordRow = "r" // of a generation
	intentRow = "i" // of a generation
)

// head is the row that everything begins at.
type head struct {
	Format int `json:"format"`
	Meta
	Generation uint64 `json:"generation"`
	// Dirty: there may be rows of other generations.
	Dirty bool `json:"dirty,omitempty"`
}

func (s *KV) head(t kv.Reader) (head, error) {
	h := head{Format: format}
	if _, err := s.get(t, "head", &h); err != nil {
		return head{}, err
	}
	if h.Format != format {
		return head{}, fmt.Errorf("the state has format %d, and this accord knows %d: use the accord that wrote it, or a newer one", h.Format, format)
	}
	return h, nil
}

func (s *KV) key(name string) []byte { return []byte(s.prefix + name) }

// rows is what the keys of a generation begin with.
func (s *KV) rows(generation uint64) []byte {
	return binary.BigEndian.AppendUint64(s.key("g"), generation)
}

// get reads the JSON of a row and tells whether it is there.
func (s *KV) get(t kv.Reader, name string, into any) (bool, error) {
	value, err := t.Get(s.key(name))
	if errors.Is(err, kv.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(value, into); err != nil {
		return false, fmt.Errorf("%w: row %s: %w", ErrCorrupt, name, err)
	}
	return true, nil
}

func (s *KV) put(t kv.Txn, name string, v any) error {
	value, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return t.Put(s.key(name), value)
}

func (s *KV) view(ctx context.Context, fn func(kv.Reader) error) error {
	return wrap("read the state", s.db.View(ctx, fn))
}

func (s *KV) update(ctx context.Context, fn func(kv.Txn) error) error {
	return wrap("write the state", s.db.Update(ctx, fn))
}

// wrap says what the store was asked for, unless the error is one of the port,
// which says so itself.
func wrap(what string, err error) error {
	var locked *LockedError
	switch {
	case err == nil, errors.As(err, &locked):
		return err
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrLeaseLost), errors.Is(err, ErrStale), errors.Is(err, ErrCorrupt):
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

// time is the store's clock as it is stored.
func (s *KV) time() time.Time { return s.now().UTC().Round(0) }

// token returns n random bytes in hexadecimal.
func (s *KV) token(n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.rand, b); err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return fmt.Sprintf("%x", b), nil
}
