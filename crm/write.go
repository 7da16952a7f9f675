package crm

import (
	"context"
	"slices"
)

// Cause says which action of the engine a write belongs to. It comes back with
// the change, so that a workflow recognizes its own echo; to an account it means
// nothing. The zero Cause: a person, a command, anything but the engine.
type Cause struct {
	Action string   `json:"action,omitempty"` // the action's id
	Root   string   `json:"root,omitempty"`   // the event that began the chain
	Hop    int      `json:"hop,omitempty"`    // how many actions long the chain is
	Path   []string `json:"path,omitempty"`   // what the chain has been through
}

// IsZero reports whether c says nothing.
func (c Cause) IsZero() bool {
	return c.Action == "" && c.Root == "" && c.Hop == 0 && len(c.Path) == 0
}

// Equal reports whether two causes say the same.
func (c Cause) Equal(o Cause) bool {
	return c.Action == o.Action && c.Root == o.Root && c.Hop == o.Hop && slices.Equal(c.Path, o.Path)
}

// Input is what to do with one record.
type Input struct {
	// ID is the record to update or to delete; of an upsert the value of the
	// unique property; of a creation it is "".
	ID string
	// Properties are the ones to set, by internal name, in any spelling that
	// the type allows (see Record). "" clears one; what is absent stays.
	Properties map[string]string
	// Associations are made together with the record, all or nothing, those
	// that are there already left alone. An update or a deletion has none.
	Associations []Association
	// Key makes a creation safe to repeat: where the account has a record of
	// this object that was created with the same Key, it is adopted, nothing is
	// written, and Result.Created is false. "": none.
	Key   string
	Cause Cause
}

// Result is what became of one input.
type Result struct {
	ID      string // of the record
	Created bool   // it was not there before
	Changed bool   // false: all was so already, and there is no change in the feed
	// Err is why nothing was done: ErrNotFound, an *ExistsError, an
	// *InvalidError. The other inputs do not suffer from it.
	Err error
}

// Link is an association to make or to remove.
type Link struct {
	From, To Ref
	// Label is "" for an association as such. Removing a label leaves the
	// association; removing "" takes its labels along.
	Label string
	Cause Cause
}

// SubscriptionInput is what to note of one contact's subscription.
type SubscriptionInput struct {
	Contact      string // its id
	Subscription        // UpdatedAt is not read
	Cause        Cause
}

// SubmissionInput is a form to send in.
type SubmissionInput struct {
	Form   string            // its id
	Values map[string]string // by property, email among them; only fields of the form
	Cause  Cause
}

// RecordWriter writes records and what hangs on them.
//
// A batch has any number of inputs; they are carried out in order, each all or
// nothing, and each has a Result. An error beside the results says that the
// rest was not carried out or, where its acknowledgment was lost, may have
// been: results are those of the first len(results) inputs. A write that
// changes nothing makes no change in the feed.
type RecordWriter interface {
	// CreateRecords creates records. One with a value of a unique property that
	// another has is an *ExistsError with that one's id.
	CreateRecords(ctx context.Context, object string, inputs []Input) ([]Result, error)
	// UpdateRecords updates records by id.
	UpdateRecords(ctx context.Context, object string, inputs []Input) ([]Result, error)
	// UpsertRecords updates the record that has Input.ID as its value of the
	// unique property by, or creates it with that value.
	UpsertRecords(ctx context.Context, object, by string, inputs []Input) ([]Result, error)
	// DeleteRecords deletes records by id, with their associations and
	// memberships, which make no changes of their own.
	DeleteRecords(ctx context.Context, object string, inputs []Input) ([]Result, error)

	// Associate makes associations and labels them. A record has one primary
	// company: the label leaves the one that had it. Result.ID is that of From.
	Associate(ctx context.Context, links []Link) ([]Result, error)
	// Dissociate removes associations or labels; one that is not there is no
	// change.
	Dissociate(ctx context.Context, links []Link) ([]Result, error)

	// AddMembers puts records into a list with manual membership, which
	// otherwise is an *InvalidError. A list that is not there is ErrNotFound.
	AddMembers(ctx context.Context, list string, ids []string, cause Cause) ([]Result, error)
	// RemoveMembers takes records out of a list with manual membership.
	RemoveMembers(ctx context.Context, list string, ids []string, cause Cause) ([]Result, error)

	// SubmitForm creates or updates the contact of the e-mail address first,
	// then notes the submission, both or nothing. Result.ID is the contact's.
	SubmitForm(ctx context.Context, in SubmissionInput) (Result, error)
	// SetSubscriptions notes what contacts have said.
	SetSubscriptions(ctx context.Context, inputs []SubscriptionInput) ([]Result, error)
}
