package embedded

import (
	"context"
	"slices"
	"strings"

	"accord/crm"
	"accord/kv"
	"accord/schema"
)

// havePrimary are the objects that have a primary company.
var havePrimary = []string{schema.Contact, schema.Deal, schema.Ticket}

// Labels lie in one value, sorted, a line each.
func splitLabels(b []byte) []string {
	if len(b) == 0 {
		return nil
	}
	return strings.Split(string(b), "\n")
}

func joinLabels(labels []string) []byte { return []byte(strings.Join(labels, "\n")) }

// Associate implements crm.RecordWriter. The first company of a contact, a deal
// or a ticket becomes its primary one.
func (a *Account) Associate(ctx context.Context, links []crm.Link) ([]crm.Result, error) {
	return a.batch(ctx, len(links), func(t *txn, i int) (crm.Result, error) {
		changed, err := t.associate(links[i])
		if err != nil {
			return failed(err)
		}
		return crm.Result{ID: links[i].From.ID, Changed: changed}, nil
	})
}

// associateAll makes the associations of an input.
func (t *txn) associateAll(o *object, id uint64, in crm.Input) (changed bool, err error) {
	from := crm.Ref{Object: o.name, ID: formatID(id)}
	for _, as := range in.Associations {
		labels := as.Labels
		if len(labels) == 0 {
			labels = []string{""}
		}
		for _, label := range labels {
			c, err := t.associate(crm.Link{From: from, To: as.To, Label: label, Cause: in.Cause})
			if err != nil {
				return false, err
			}
			changed = changed || c
		}
	}
	return changed, nil
}

// pair is an association, found by both its ends.
type pair struct{ fromKey, toKey []byte }

func (t *txn) pair(from, to crm.Ref) (p pair, err error) {
	var ids [2]uint64
	for i, ref := range []crm.Ref{from, to} {
		if _, err := t.catalog.object(ref.Object); err != nil {
			return p, err
		}
		id, ok := parseID(ref.ID)
		if ok {
			ok, err = t.Has(t.account.keys.record(ref.Object, id))
		}
		if err != nil {
			return p, err
		}
		if !ok {
			return p, errNoRecord(ref.Object, ref.ID)
		}
		ids[i] = id
	}
	if from == to {
		return p, &crm.InvalidError{Reason: "a record is not associated with itself"}
	}
	k := t.account.keys
	return pair{k.link(from.Object, ids[0], to.Object, ids[1]), k.link(to.Object, ids[1], from.Object, ids[0])}, nil
}

func (t *txn) associate(l crm.Link) (changed bool, err error) {
	p, err := t.pair(l.From, l.To)
	if err != nil {
		return false, err
	}
	owner, company := l.From, l.To
	if owner.Object == schema.Company {
		owner, company = company, owner
	}
	mayBePrimary := company.Object == schema.Company && slices.Contains(havePrimary, owner.Object)
	if l.Label != "" && (l.Label != crm.LabelPrimary || !mayBePrimary) {
		return false, &crm.InvalidError{Reason: unknown("an association of "+l.From.Object+" and "+l.To.Object+" has no label", l.Label, []string{crm.LabelPrimary})}
	}
	value, err := t.Get(p.fromKey)
	there := err == nil
	if err != nil && !isMissing(err) {
		return false, err
	}
	labels := splitLabels(value)
	if mayBePrimary && (l.Label != "" || !there) {
		primary, any, err := t.primaryOf(owner, l.Label == "")
		if err != nil {
			return false, err
		}
		switch {
		case !any:
			l.Label = crm.LabelPrimary
		case l.Label != "" && primary != "" && primary != company.ID:
			if _, err := t.unlabel(crm.Link{
				From: owner, To: crm.Ref{Object: schema.Company, ID: primary}, Label: crm.LabelPrimary, Cause: l.Cause,
			}); err != nil {
				return false, err
			}
		}
	}
	if there && (l.Label == "" || slices.Contains(labels, l.Label)) {
		return false, nil
	}
	if l.Label != "" {
		labels = append(labels, l.Label)
		slices.Sort(labels)
	}
	t.putLabels(p, labels)
	t.linkChange(crm.AssociationAdded, l)
	return true, nil
}

func (t *txn) putLabels(p pair, labels []string) {
	t.put(p.fromKey, joinLabels(labels))
	t.put(p.toKey, joinLabels(labels))
}

func (t *txn) linkChange(typ crm.ChangeType, l crm.Link) {
	t.change(crm.Change{Type: typ, Object: l.From.Object, ID: l.From.ID, To: &l.To, Label: l.Label, Cause: l.Cause})
}

// primaryOf returns the primary company of a record, "" where none is, and
// whether it has a company at all, which is found sooner where that is enough.
func (t *txn) primaryOf(owner crm.Ref, enough bool) (id string, any bool, err error) {
	n, _ := parseID(owner.ID)
	prefix := t.account.keys.links(owner.Object, n, schema.Company)
	look := func(key, value []byte) {
		any = true
		if slices.Contains(splitLabels(value), crm.LabelPrimary) {
			id = formatID(lastNumber(key))
		}
	}
	for e, err := range t.Range(kv.Prefix(prefix)) {
		if err != nil {
			return "", false, err
		}
		if _, held := t.held[string(e.Key)]; !held {
			look(e.Key, e.Value)
		}
		if any && enough {
			return "", true, nil
		}
	}
	for _, key := range t.order {
		if h := t.held[key]; !h.deleted && strings.HasPrefix(key, string(prefix)) {
			look([]byte(key), h.value)
		}
	}
	return id, any, nil
}

// Dissociate implements crm.RecordWriter.
func (a *Account) Dissociate(ctx context.Context, links []crm.Link) ([]crm.Result, error) {
	return a.batch(ctx, len(links), func(t *txn, i int) (crm.Result, error) {
		changed, err := t.unlabel(links[i])
		if err != nil {
			return failed(err)
		}
		return crm.Result{ID: links[i].From.ID, Changed: changed}, nil
	})
}

// unlabel removes a label, or the association where the label is "".
func (t *txn) unlabel(l crm.Link) (changed bool, err error) {
	p, err := t.pair(l.From, l.To)
	if err != nil {
		return false, err
	}
	value, err := t.Get(p.fromKey)
	if isMissing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if l.Label == "" {
		t.del(p.fromKey)
		t.del(p.toKey)
	} else {
		labels := splitLabels(value)
		i := slices.Index(labels, l.Label)
		if i < 0 {
			return false, nil
		}
		t.putLabels(p, slices.Delete(labels, i, i+1))
	}
	t.linkChange(crm.AssociationRemoved, l)
	return true, nil
}
