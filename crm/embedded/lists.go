package embedded

import (
	"context"

	"accord/crm"
	"accord/kv"
)

// AddMembers implements crm.RecordWriter.
func (a *Account) AddMembers(ctx context.Context, list string, ids []string, cause crm.Cause) ([]crm.Result, error) {
	return a.changeMembers(ctx, list, ids, crm.ListJoined, cause)
}

// RemoveMembers implements crm.RecordWriter.
func (a *Account) RemoveMembers(ctx context.Context, list string, ids []string, cause crm.Cause) ([]crm.Result, error) {
	return a.changeMembers(ctx, list, ids, crm.ListLeft, cause)
}

func (a *Account) changeMembers(ctx context.Context, list string, ids []string, what crm.ChangeType, cause crm.Cause) ([]crm.Result, error) {
	check := func(c *catalog) (object string, err error) {
		_, l, err := c.list(list)
		if err != nil {
			return "", err
		}
		if !l.Membership.Manual() {
			return "", &crm.InvalidError{Reason: "who is in this list is decided by its condition: nobody is put into it or taken out"}
		}
		return l.ObjectName(), nil
	}
	if len(ids) == 0 {
		return nil, a.view(ctx, func(_ kv.Reader, c *catalog) error {
			_, err := check(c)
			return err
		})
	}
	return a.batch(ctx, len(ids), func(t *txn, i int) (crm.Result, error) {
		object, err := check(t.catalog)
		if err != nil {
			return crm.Result{}, err
		}
		id, _, err := t.there(object, ids[i])
		if err != nil {
			return failed(err)
		}
		member := a.keys.member(list, id)
		in, err := t.Has(member)
		if err != nil {
			return crm.Result{}, err
		}
		r := crm.Result{ID: ids[i], Changed: in != (what == crm.ListJoined)}
		if !r.Changed {
			return r, nil
		}
		if what == crm.ListJoined {
			t.put(member, nil)
			t.put(a.keys.membership(object, id, list), nil)
		} else {
			t.del(member)
			t.del(a.keys.membership(object, id, list))
		}
		t.change(crm.Change{Type: what, Object: object, ID: ids[i], List: list, Cause: cause})
		return r, nil
	})
}
