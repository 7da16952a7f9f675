// Package state remembers what was applied: a record for each resource, in a
// snapshot with a lineage and a serial, the history of applies, the intents of
// what is going on, and the lock that lets one apply write at a time.
//
// It does not know what a resource means, how it is applied or where the rows
// lie: Store is the seam, implemented on package kv here and, for teams, on a
// shared database. Every implementation passes statetest. Only durations cross
// the seam, never a caller's clock: the times in what it returns are its own.
package state

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"accord/schema"
)

// What a state says. Match with errors.Is.
var (
	// ErrNotFound: there is no such record, run or lock.
	ErrNotFound = errors.New("not in the state")
	// ErrLeaseLost: the lock was taken away, by Unlock or because it was not
	// renewed in time. Nothing was written.
	ErrLeaseLost = errors.New("the lock on the state was lost")
	// ErrStale: the state is not the one that the write was made for. Nothing
	// was written.
	ErrStale = errors.New("the state has changed")
	// ErrCorrupt: a row is not what was written. The message says which.
	ErrCorrupt = errors.New("the state is damaged")
)

// LockedError says who holds the lock.
type LockedError struct{ Lock Lock }

func (e *LockedError) Error() string {
	return fmt.Sprintf("the state is locked by %s on %s for %s since %s (lock %s)",
		e.Lock.Holder, e.Lock.Host, e.Lock.Operation, e.Lock.Since.UTC().Format(time.RFC3339), e.Lock.ID)
}

// Lock is who holds the lock, and what for.
type Lock struct {
	ID        string    `json:"id"`        // made by the store
	Holder    string    `json:"holder"`    // user@ or the CI job
	Host      string    `json:"host"`      // where it runs
	PID       int       `json:"pid"`       // process on that host
	Operation string    `json:"operation"` // apply, destroy, state mv …
	Since     time.Time `json:"since"`
	Heartbeat time.Time `json:"heartbeat"` // when it was last renewed
}

// Lease is the right to write. Its fence grows with every lock, and a write
// with an old fence is refused: who lost the lock cannot write.
type Lease struct {
	ID    string
	Fence uint64
}

// Meta is the head of the state. The zero Meta is a state that was never
// written.
type Meta struct {
	Lineage string `json:"lineage"` // a random name given at the first write; two states with different lineages have nothing to do with each other
	Serial  uint64 `json:"serial"`  // grows by one with every write
}

// Record is one applied resource. What a Reader returns may share memory with
// the store: clone it before changing it.
type Record struct {
	Ref schema.Ref `json:"address"`
	// Resource is the canonical form of what was applied. The store keeps it as
	// bytes: reading a state decodes no resource.
	Resource json.RawMessage `json:"resource"`
	// Digest is schema.Digest of Resource: a write without it is refused, and
	// reading checks it.
	Digest string `json:"digest"`
	// Accounts are the accounts that a resource was placed in, sorted: which
	// ones a selector meant when it was applied.
	Accounts []string `json:"accounts,omitempty"`
	// IDs are the vendor's ids: account → id of the object there.
	IDs map[string]string `json:"ids,omitempty"`
	// Implied are assets that apply created in accounts because the resource
	// needs them, with no resource of their own: account → what → id.
	Implied map[string]map[string]string `json:"implied,omitempty"`
	// PreventDestroy is the protection as it was applied.
	PreventDestroy bool `json:"preventDestroy,omitempty"`
	// Serial is that of the write that last changed the record. The store sets
	// it.
	Serial uint64 `json:"serial"`
}

// NewRecord returns the record of r as it is applied, without accounts and ids.
func NewRecord(r *schema.Resource) Record {
	body := r.Canonical()
	return Record{Ref: r.Ref(), Resource: body, Digest: schema.Digest(body), PreventDestroy: r.PreventDestroy}
}

// Intent is what an apply was about to do in an account when it was last heard
// of. It is written before the effect and deleted with the write of its result:
// one that is found later belongs to an apply that was killed, and the effect
// may or may not have happened.
type Intent struct {
	Ref     schema.Ref `json:"address"`
	Account string     `json:"account"`
	Action  string     `json:"action"` // create, update, delete
	Kind    string     `json:"kind"`   // of the asset; not always that of Ref
	Key     string     `json:"key"`    // natural key of the asset
	Digest  string     `json:"digest"` // of the resource that is applied; "" for a delete
}

// Compare orders intents by address, account, kind and key, which together say
// which intent it is: a second one with the same four replaces the first.
func (i Intent) Compare(o Intent) int {
	return cmp.Or(i.Ref.Compare(o.Ref), cmp.Compare(i.Account, o.Account), cmp.Compare(i.Kind, o.Kind), cmp.Compare(i.Key, o.Key))
}

// The outcomes of a run.
const (
	Running     = "running"
	Done        = "done"
	Partial     = "partial" // some changes failed; the others are done
	Failed      = "failed"  // nothing was done
	Interrupted = "interrupted"
)

// Run is one entry of the history: an apply or another command that wrote. The
// store sets ID, Started (when the entry is created), Finished (when its outcome
// is no longer Running) and Serial, and keeps the rest.
type Run struct {
	ID        string    `json:"id"`
	Operation string    `json:"operation"`
	By        string    `json:"by"`
	Host      string    `json:"host"`
	Commit    string    `json:"commit,omitempty"` // of the configuration, where it is in git
	Digest    string    `json:"digest,omitempty"` // of the plan
	Started   time.Time `json:"started"`
	Finished  time.Time `json:"finished,omitzero"`
	Outcome   string    `json:"outcome"`
	Added     int       `json:"added"`
	Changed   int       `json:"changed"`
	Destroyed int       `json:"destroyed"`
	Failed    int       `json:"failed"`
	Serial    uint64    `json:"serial"` // of the state when the entry was last written
}

// Write is one change of the state, all or nothing and of any size. Deletions
// come before puts, deleting what is not there is no error, and the last of
// several puts of the same thing counts.
type Write struct {
	Put           []Record
	Delete        []schema.Ref
	PutIntents    []Intent
	DeleteIntents []Intent // by Ref, Account, Kind and Key
	// Run creates (ID "") or updates an entry of the history; ErrNotFound where
	// there is none with the ID.
	Run *Run
}

// Reader is the half of a state that cannot change it, and all that plan has.
type Reader interface {
	// Meta reads the head.
	Meta(ctx context.Context) (Meta, error)
	// Records yields every record in the order of schema.Ref.Compare, of one
	// snapshot. A damaged record comes as its address and an ErrCorrupt, and the
	// loop may go on to the others; any other error is the last pair.
	Records(ctx context.Context) iter.Seq2[Record, error]
	// Snapshot reads the head and every record, of one snapshot. The first
	// damaged record ends it with ErrCorrupt.
	Snapshot(ctx context.Context) (*Snapshot, error)
	// Record reads one record, or ErrNotFound.
	Record(ctx context.Context, ref schema.Ref) (Record, error)
	// Intents reads the intents that are open, in the order of Intent.Compare.
	Intents(ctx context.Context) ([]Intent, error)
	// History reads the last n entries, newest first; n <= 0: all.
	History(ctx context.Context, n int) ([]Run, error)
	// LockInfo reads who holds the lock, or nil where nobody does or the lock
	// has run out.
	LockInfo(ctx context.Context) (*Lock, error)
}

// Snapshot is the whole state at one moment.
type Snapshot struct {
	Meta
	Records map[schema.Ref]Record
}

// Store is a state.
type Store interface {
	Reader
	// Lock takes the lock for ttl, counted by the store's clock; a lock that is
	// not renewed for that long has run out. It is a *LockedError while another
	// holds one; the caller waits and asks again, as Hold does. The store sets
	// who's ID and times.
	Lock(ctx context.Context, who Lock, ttl time.Duration) (Lease, error)
	// Renew holds the lock for ttl from now, or says ErrLeaseLost.
	Renew(ctx context.Context, l Lease, ttl time.Duration) error
	// Release gives the lock back; a lease that is lost is no error.
	Release(ctx context.Context, l Lease) error
	// Unlock takes the lock with that id away from whoever holds it, or says
	// ErrNotFound. The former holder's writes are refused from then on.
	Unlock(ctx context.Context, id string) error
	// Write changes the state under the lease, if its serial still is serial,
	// and returns the new head. The first write makes the lineage. It is
	// ErrLeaseLost or ErrStale, and then nothing was written. What the store set
	// in the entry of the history is set in w.Run too.
	Write(ctx context.Context, l Lease, serial uint64, w *Write) (Meta, error)
	// Push replaces all records under the lease: for a state that was pulled,
	// mended and pushed back. History and open intents stay. The snapshot's
	// lineage must be the state's and its serial not older (ErrStale), unless
	// the state has neither records nor intents, which takes any. The new serial
	// is one more than the larger of the two. A record with serial 0 gets it.
	Push(ctx context.Context, l Lease, s *Snapshot) (Meta, error)
}
