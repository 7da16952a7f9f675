package crm

import (
	"errors"
	"time"
)

// ErrCursorTooOld says that the changes behind the cursor are not kept any more. What
// was missed can only be found by reading the records themselves.
var ErrCursorTooOld = errors.New("the changes after this cursor are not kept any more")

// ChangeType is what has happened.
type ChangeType string

// The types of changes.
const (
	RecordCreated       ChangeType = "record.created" // Changed: every property that it was created with
	RecordUpdated       ChangeType = "record.updated" // Changed: the properties that differ
	RecordDeleted       ChangeType = "record.deleted"
	AssociationAdded    ChangeType = "association.added"   // To, and Label where one was added
	AssociationRemoved  ChangeType = "association.removed" // To, and Label where only that was removed
	ListJoined          ChangeType = "list.joined"         // List
	ListLeft            ChangeType = "list.left"           // List
	FormSubmitted       ChangeType = "form.submitted"      // Form, Submission, Values; follows what it did to the contact
	SubscriptionChanged ChangeType = "subscription.changed"
	FactsChanged        ChangeType = "facts.changed" // no record; Changed: by the name of the fact, subscriptions.marketing
)

// Delta is the value of a property before and after a change; "" is not set.
type Delta struct {
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
}

// Change is one entry of the feed.
type Change struct {
	// Sequence grows with every change of the account, by one at an embedded
	// account.
	Sequence uint64     `json:"sequence"`
	Type     ChangeType `json:"type"`
	Object   string     `json:"object,omitempty"` // of the record that it is about
	ID       string     `json:"id,omitempty"`
	// OccurredAt never falls from one change to the next.
	OccurredAt time.Time         `json:"occurredAt"`
	Changed    map[string]Delta  `json:"changed,omitempty"`
	To         *Ref              `json:"to,omitempty"`
	Label      string            `json:"label,omitempty"`
	List       string            `json:"list,omitempty"`       // the asset's id
	Form       string            `json:"form,omitempty"`       // the asset's id
	Submission string            `json:"submission,omitempty"` // its id
	Values     map[string]string `json:"values,omitempty"`     // of the submission
	// Subscription is what a SubscriptionChanged says now.
	Subscription *Subscription `json:"subscription,omitempty"`
	Cause        Cause         `json:"cause,omitzero"`
}
