package crm

import (
	"cmp"
	"context"
	"iter"
	"strings"
	"time"
)

// Record is one record of an account.
type Record struct {
	ID     string `json:"id"` // given by the account: decimal digits
	Object string `json:"object"`
	// Properties are those that are set, by internal name, as they go over the
	// wire: a number in decimals, a boolean as true or false, a date as
	// 2006-01-02, a datetime as 2006-01-02T15:04:05.999Z, anything else as it
	// is. What is not set is absent; no value is "".
	Properties map[string]string `json:"properties"`
	CreatedAt  time.Time         `json:"createdAt"` // both to the millisecond, UTC
	UpdatedAt  time.Time         `json:"updatedAt"` // never falls while a record lives
}

// Ref names a record within its account.
type Ref struct {
	Object string `json:"object"`
	ID     string `json:"id"`
}

// Ref is the record's own.
func (r *Record) Ref() Ref { return Ref{r.Object, r.ID} }

// Cursor is a place in a listing or in the change feed, opaque to all but the
// account that made it. The empty one is the beginning.
type Cursor string

// Page is a part of a listing.
type Page[T any] struct {
	Items []T `json:"results"`
	// Next continues the listing; "" says that this page is the last. A page
	// may have fewer items than its limit, even none, and not be the last.
	Next Cursor `json:"next"`
}

// MaxPage is the largest page, and what a limit of 0 means.
const MaxPage = 100

// Order is the order of a listing of records.
type Order int

const (
	// ByID lists by id, the oldest record first. A record that is there all
	// the while is listed exactly once, whatever is written meanwhile.
	ByID Order = iota
	// ByUpdated lists by UpdatedAt, the least recently updated first, ties by
	// id. A record that is written meanwhile moves to the end and may be listed
	// again.
	ByUpdated
)

// Query asks for the records of one object.
type Query struct {
	Object string
	Order  Order
	// Since leaves out what was updated before it; ByUpdated only.
	Since time.Time
	// Where leaves out the records whose property has another value, compared
	// by the property's type. Nil: all.
	Where *Equal
	// Properties are the ones to read; nil: all but the read-only ones of the
	// account (see Standard).
	Properties []string
	After      Cursor
	Limit      int // 0 to MaxPage
}

// Equal is a condition on one property. A Value of "" means not set.
type Equal struct{ Property, Value string }

// Association is a record that another is associated with.
type Association struct {
	To     Ref      `json:"to"`
	Labels []string `json:"labels,omitempty"` // sorted
}

// LabelPrimary is the label of the one company of a contact, a deal or a ticket
// that is its own, and the only label that an account has without a custom one.
const LabelPrimary = "primary"

// Subscription is what a contact has said of one kind of message. It belongs to
// the address: it stays when the contact is deleted, so that who objected is
// not written to again.
type Subscription struct {
	Type        string    `json:"type"`   // the id of a SubscriptionType
	Status      string    `json:"status"` // schema.Subscribed or schema.Unsubscribed
	LegalBasis  string    `json:"legalBasis,omitempty"`
	Explanation string    `json:"explanation,omitempty"`
	UpdatedAt   time.Time `json:"updatedAt"`
}

// Submission is a form that was sent in.
type Submission struct {
	ID          string            `json:"id"`
	Form        string            `json:"form"`    // the id of a Form
	Contact     string            `json:"contact"` // the id of the contact that it created or updated
	Values      map[string]string `json:"values"`  // by property, as Record.Properties
	SubmittedAt time.Time         `json:"submittedAt"`
}

// RecordReader reads records and what hangs on them. Calls are the scarcest
// thing at a vendor: ask for many at once, a driver splits what is too much for
// one call.
//
// An object or property that the account does not have is an *InvalidError. Of
// an embedded account that was never created every call is ErrNotFound.
type RecordReader interface {
	// ReadRecords reads the records of an object with these values of a unique
	// property, or with these ids where by is "". The result has one element for
	// each key in their order, nil where there is no such record. E-mail
	// addresses and domains are found in whatever spelling; see NormalizeEmail.
	// Where a vendor lets several companies have a domain, the one with the
	// lowest id is meant. Properties are the ones to read, none: see Query.
	ReadRecords(ctx context.Context, object, by string, keys []string, properties ...string) ([]*Record, error)
	// ListRecords lists a page of records. A cursor that was not made for such
	// a query is an *InvalidError.
	ListRecords(ctx context.Context, q Query) (Page[Record], error)

	// Associations reads which records of the object to each record is
	// associated with, by their id: the first page for each id, in the order of
	// ids; empty for a record that is not there. ListAssociations reads on.
	Associations(ctx context.Context, object string, ids []string, to string) ([]Page[Association], error)
	// ListAssociations lists the records of the object to that one record is
	// associated with, by their id.
	ListAssociations(ctx context.Context, from Ref, to string, after Cursor, limit int) (Page[Association], error)

	// ListMembers lists the ids of the records in a list, in ascending order.
	// A list that is not there is ErrNotFound.
	ListMembers(ctx context.Context, list string, after Cursor, limit int) (Page[string], error)
	// Memberships reads the ids of the lists that each record is in, in
	// ascending order, for each id in the order of ids.
	Memberships(ctx context.Context, object string, ids []string) ([][]string, error)

	// ListSubmissions lists what was sent in with a form, the oldest first.
	ListSubmissions(ctx context.Context, form string, after Cursor, limit int) (Page[Submission], error)
	// Subscriptions reads what each contact has said, by the type's id, for
	// each id in the order of contacts. A type that it has said nothing of is
	// not there.
	Subscriptions(ctx context.Context, contacts []string) ([][]Subscription, error)

	// Changes reads the feed of what has changed, in order, from behind after:
	// at most limit changes (0 to MaxPage), and the cursor behind the last. No
	// changes: there are none yet, and the cursor is where to ask again. The
	// feed never loses nor repeats a change. The empty cursor is the oldest
	// change kept; one whose changes are not kept any more is ErrCursorTooOld.
	// Without the capability Changes it is ErrUnsupported.
	Changes(ctx context.Context, after Cursor, limit int) ([]Change, Cursor, error)
	// LatestChange is the cursor behind everything that has changed until now.
	LatestChange(ctx context.Context) (Cursor, error)
}

// All yields all records of a query from its cursor on, page by page. When
// reading fails, the last pair is a zero Record and the error.
func All(ctx context.Context, r RecordReader, q Query) iter.Seq2[Record, error] {
	return Each(func(after Cursor) (Page[Record], error) {
		if after != "" {
			q.After = after
		}
		return r.ListRecords(ctx, q)
	})
}

// Each yields the items of all pages that list returns, which is called with
// the cursor of the page before, and first with "". When it fails, the last
// pair is a zero T and the error.
func Each[T any](list func(after Cursor) (Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var after Cursor
		for {
			page, err := list(after)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			after = page.Next
		}
	}
}

// CompareIDs orders the ids of records as numbers.
func CompareIDs(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
