// Package embedded is an account in accord's own store: what a vendor's account
// does, for those who try, test or emulate one.
//
// Where vendors differ or are silent it decides: no two companies have the same
// domain, because a domain is how a company is known in another account (HubSpot
// lets them); the first company of a contact, deal or ticket is its primary one;
// whether the values of a property are unique, and its type, is settled while
// the account has no records of the object.
//
// It knows keys and values (package kv) and neither files nor conditions: who
// belongs into a dynamic list is asked of Options.Matcher.
package embedded

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"accord/crm"
	"accord/kv"
	"accord/schema"
)

// Options are how an account behaves. The zero value is usable.
type Options struct {
	// Now is the clock; nil: time.Now. The account's own time never runs
	// backward, whatever the clock says.
	Now func() time.Time
	// Quiet makes no entries in the change feed: what is loaded was there
	// before, and nothing of it is an event.
	Quiet bool
	// Matcher tells whether a record belongs into a list with a condition. It
	// is called inside of transactions: it must not block nor change what it is
	// given. Nil: such lists have no members.
	Matcher func(list *crm.Asset, record *crm.Record) bool
}

// Account is an account in a store. Any number of them may stand on one store,
// and any number of values on one account. It is safe for concurrent use.
type Account struct {
	db   kv.DB
	name string
	keys keys
	opts Options
	// seen is the account's head as it was read last, so that it is decoded,
	// and its catalog read, once and not at every call.
	seen atomic.Pointer[seen]
}

var _ crm.Account = (*Account)(nil)

// New returns the account of that name in the store. It reads and writes
// nothing: SetFacts creates the account.
func New(db kv.DB, name string, opts Options) *Account {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Account{db: db, name: name, keys: newKeys(name), opts: opts}
}

// Quiet returns the same account, but what is written through it makes no
// changes in the feed; see Options.Quiet.
func (a *Account) Quiet() *Account {
	opts := a.opts
	opts.Quiet = true
	return New(a.db, a.name, opts)
}

// Capabilities implements crm.Reader: it can do everything.
func (a *Account) Capabilities() crm.Capabilities {
	return crm.Capabilities{SetFacts: true, Users: true, Changes: true, UniqueDomain: true, MarketingContacts: true}
}

// head is what every call needs to know.
type head struct {
	Facts schema.Facts `json:"facts"`
	// Catalog is a digest of all that was ever done to the assets: as long as
	// it is the same, they are. A plain number would not do: one that a
	// transaction has given out and not committed is given out again.
	Catalog string `json:"catalog,omitempty"`
	// Declared is how many assets are stored.
	Declared int `json:"declared"`
}

// seen is a head, the bytes that it was decoded from, and its catalog, if that
// was asked for.
type seen struct {
	raw     []byte
	head    head
	catalog *catalog
}

// errAccount is what every call returns of an account that was never created.
func (a *Account) errAccount() error {
	return fmt.Errorf("embedded account %s: %w", a.name, crm.ErrNotFound)
}

// look reads the head.
func (a *Account) look(r kv.Reader) (*seen, error) {
	raw, err := r.Get(a.keys.head())
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return nil, a.errAccount()
	case err != nil:
		return nil, err
	}
	if s := a.seen.Load(); s != nil && bytes.Equal(s.raw, raw) {
		return s, nil
	}
	s := &seen{raw: raw}
	if err := json.Unmarshal(raw, &s.head); err != nil {
		return nil, fmt.Errorf("embedded account %s: its head is damaged: %w", a.name, err)
	}
	if before := a.seen.Load(); before != nil && before.catalog != nil && before.head.Catalog == s.head.Catalog {
		s.catalog = before.catalog // the facts alone have changed
	}
	a.seen.Store(s)
	return s, nil
}

// catalog reads what is set up in the account.
func (a *Account) catalog(r kv.Reader) (*catalog, error) {
	s, err := a.look(r)
	if err != nil {
		return nil, err
	}
	return a.catalogOf(r, s)
}

func (a *Account) catalogOf(r kv.Reader, s *seen) (*catalog, error) {
	switch {
	case s.catalog != nil:
		return s.catalog, nil
	case s.head.Declared == 0:
		return standardCatalog, nil
	}
	declared := make([]*crm.Asset, 0, s.head.Declared)
	for e, err := range r.Range(kv.Prefix(a.keys.assets())) {
		if err != nil {
			return nil, err
		}
		asset, err := a.decodeAsset(e)
		if err != nil {
			return nil, err
		}
		declared = append(declared, asset)
	}
	with := *s
	with.catalog = newCatalog(declared)
	a.seen.Store(&with)
	return with.catalog, nil
}

// view reads a snapshot together with the account's catalog.
func (a *Account) view(ctx context.Context, fn func(r kv.Reader, c *catalog) error) error {
	return a.db.View(ctx, func(r kv.Reader) error {
		c, err := a.catalog(r)
		if err != nil {
			return err
		}
		return fn(r, c)
	})
}

// Facts implements crm.Reader.
func (a *Account) Facts(ctx context.Context) (f schema.Facts, err error) {
	err = a.db.View(ctx, func(r kv.Reader) error {
		s, err := a.look(r)
		if err != nil {
			return err
		}
		f = s.head.Facts
		f.Subscriptions = maps.Clone(f.Subscriptions)
		f.Apps = slices.Clone(f.Apps)
		return nil
	})
	return f, err
}

// SetFacts implements crm.Writer. Creating an account is no change in its feed.
func (a *Account) SetFacts(ctx context.Context, f schema.Facts) error {
	f = f.Canonical()
	return a.db.Update(ctx, func(kt kv.Txn) error {
		s, err := a.look(kt)
		switch {
		case errors.Is(err, crm.ErrNotFound):
			return a.putHead(kt, head{Facts: f})
		case err != nil:
			return err
		case reflect.DeepEqual(s.head.Facts, f):
			return nil
		}
		t, err := a.begin(kt)
		if err != nil {
			return err
		}
		t.change(crm.Change{Type: crm.FactsChanged, Changed: factsDiff(s.head.Facts, f)})
		if err := t.commitItem(); err != nil {
			return err
		}
		h := s.head
		h.Facts = f
		if err := a.putHead(kt, h); err != nil {
			return err
		}
		return t.finish()
	})
}

func (a *Account) putHead(t kv.Txn, h head) error {
	raw, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return t.Put(a.keys.head(), raw)
}

func factsDiff(before, after schema.Facts) map[string]crm.Delta {
	b, f := flatFacts(before), flatFacts(after)
	out := map[string]crm.Delta{}
	for k := range b {
		if b[k] != f[k] {
			out[k] = crm.Delta{Old: b[k], New: f[k]}
		}
	}
	for k := range f {
		if b[k] != f[k] {
			out[k] = crm.Delta{Old: b[k], New: f[k]}
		}
	}
	return out
}

// flatFacts is each fact by its name in the language; what is not said is absent.
func flatFacts(f schema.Facts) map[string]string {
	m := map[string]string{
		"platform": f.Platform, "type": f.AccountType(), "status": schema.StatusActive, "hosting": f.Hosting, "plan": f.Plan,
		"sensitiveData": strconv.FormatBool(f.SensitiveData),
	}
	if !f.Active() {
		m["status"] = f.Status
	}
	for hub, tier := range f.Subscriptions {
		m["subscriptions."+hub] = tier
	}
	for _, app := range f.Apps {
		m["apps."+app] = "true"
	}
	return m
}

// counters are the numbers that grow with what is written.
type counters struct {
	id       uint64 // the last one given to a record, an asset or a submission
	sequence uint64 // of the last change
	time     int64  // of the last write, milliseconds since 1970
}

func readCounters(r kv.Reader, key []byte) (counters, error) {
	b, err := r.Get(key)
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return counters{}, nil
	case err != nil:
		return counters{}, err
	case len(b) != 24:
		return counters{}, errors.New("the account's counters are damaged")
	}
	return counters{
		id: binary.BigEndian.Uint64(b), sequence: binary.BigEndian.Uint64(b[8:]), time: int64(binary.BigEndian.Uint64(b[16:])),
	}, nil
}

func (c counters) encode() []byte {
	return number(number(number(nil, c.id), c.sequence), uint64(c.time))
}
