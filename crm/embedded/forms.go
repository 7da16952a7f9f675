package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"accord/crm"
	"accord/schema"
)

// SubmitForm implements crm.RecordWriter. A field that was left empty is as if
// it had not been there: it clears nothing.
func (a *Account) SubmitForm(ctx context.Context, in crm.SubmissionInput) (result crm.Result, err error) {
	err = a.one(ctx, func(t *txn) error {
		result, err = t.submit(in)
		if err == nil {
			err = result.Err
		}
		return err
	})
	if err != nil {
		return crm.Result{}, err
	}
	return result, nil
}

func (t *txn) submit(in crm.SubmissionInput) (crm.Result, error) {
	form, err := t.catalog.asset(schema.KindForm, in.Form)
	if err != nil {
		return crm.Result{}, err
	}
	contact, err := t.catalog.object(schema.Contact)
	if err != nil {
		return crm.Result{}, err
	}
	fields := form.Spec.(*schema.Form).Fields
	values := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(in.Values)) {
		if !slices.Contains(fields, name) {
			return refuse(name, unknown("the form has no field", name, fields))
		}
		p, err := contact.property(name)
		if err != nil {
			return failed(err)
		}
		value, err := p.normalize(in.Values[name])
		if err != nil {
			return refuse(name, err.Error())
		}
		if value != "" {
			values[name] = value
		}
	}
	result, err := t.upsert(contact, contact.properties[crm.PropertyEmail], crm.Input{
		ID: values[crm.PropertyEmail], Properties: values, Cause: in.Cause,
	})
	if err != nil || result.Err != nil {
		return result, err
	}
	id := t.id()
	s := crm.Submission{ID: formatID(id), Form: in.Form, Contact: result.ID, Values: values, SubmittedAt: t.time()}
	k := t.account.keys
	if err := t.putJSON(k.submission(in.Form, id), s); err != nil {
		return crm.Result{}, err
	}
	contactID, _ := parseID(result.ID)
	t.put(k.submissionOf(contactID, id), []byte(in.Form))
	t.change(crm.Change{
		Type: crm.FormSubmitted, Object: schema.Contact, ID: result.ID, Form: in.Form, Submission: s.ID, Values: values, Cause: in.Cause,
	})
	result.Changed = true
	return result, nil
}

// SetSubscriptions implements crm.RecordWriter.
func (a *Account) SetSubscriptions(ctx context.Context, inputs []crm.SubscriptionInput) ([]crm.Result, error) {
	return a.batch(ctx, len(inputs), func(t *txn, i int) (crm.Result, error) {
		return t.subscribe(inputs[i])
	})
}

func (t *txn) subscribe(in crm.SubscriptionInput) (crm.Result, error) {
	sub := in.Subscription
	if sub.Status != schema.Subscribed && sub.Status != schema.Unsubscribed {
		return refuse("", fmt.Sprintf("the status of a subscription is %s or %s", schema.Subscribed, schema.Unsubscribed))
	}
	if _, err := t.catalog.asset(schema.KindSubscriptionType, sub.Type); err != nil {
		return failed(err)
	}
	if len(sub.LegalBasis)+len(sub.Explanation) > crm.MaxValueBytes {
		return refuse("", "the explanation of a subscription is longer than 65536 bytes")
	}
	_, s, err := t.there(schema.Contact, in.Contact)
	if err != nil {
		return failed(err)
	}
	email := s.values[crm.PropertyEmail]
	if email == "" {
		return refuse(crm.PropertyEmail, "a contact without an e-mail address has no subscriptions")
	}
	key := t.account.keys.subscription(email, sub.Type)
	b, err := t.Get(key)
	if err != nil && !isMissing(err) {
		return crm.Result{}, err
	}
	var was crm.Subscription
	if err == nil {
		if err := json.Unmarshal(b, &was); err != nil {
			return crm.Result{}, fmt.Errorf("subscription of contact %s: %w", in.Contact, err)
		}
	}
	sub.UpdatedAt = was.UpdatedAt
	if sub == was {
		return crm.Result{ID: in.Contact}, nil
	}
	sub.UpdatedAt = t.time()
	if err := t.putJSON(key, sub); err != nil {
		return crm.Result{}, err
	}
	t.change(crm.Change{Type: crm.SubscriptionChanged, Object: schema.Contact, ID: in.Contact, Subscription: &sub, Cause: in.Cause})
	return crm.Result{ID: in.Contact, Changed: true}, nil
}
