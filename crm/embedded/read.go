package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"accord/crm"
	"accord/kv"
	"accord/schema"
)

// scanned bounds how many records one call looks at for a page of those that
// have a value without an index.
const scanned = 1000

// readRecord reads a record, or nil where there is none.
func (k keys) readRecord(r kv.Reader, object string, id uint64) (*stored, error) {
	b, err := r.Get(k.record(object, id))
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	s, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s %d: %w", object, id, err)
	}
	return s, nil
}

func (t *txn) read(object string, id uint64) (*stored, error) {
	return t.account.keys.readRecord(t, object, id)
}

// record is what a caller sees of a stored record: the properties that are
// selected, nil meaning all but the read-only ones. Values of properties that
// were deleted since are not seen.
func (o *object) record(id uint64, s *stored, selected []*property) crm.Record {
	r := crm.Record{ID: formatID(id), Object: o.name, CreatedAt: millis(s.created), UpdatedAt: millis(s.updated)}
	if selected == nil {
		r.Properties = make(map[string]string, len(s.values))
		for name, v := range s.values {
			if p := o.stored[name]; p != nil && !p.ReadOnly {
				r.Properties[p.Name] = v
			}
		}
		return r
	}
	r.Properties = make(map[string]string, len(selected))
	for _, p := range selected {
		if v := p.value(id, s); v != "" {
			r.Properties[p.Name] = v
		}
	}
	return r
}

// value is the property's value in a stored record.
func (p *property) value(id uint64, s *stored) string {
	if p.ReadOnly {
		switch p.Name {
		case crm.PropertyID:
			return formatID(id)
		case crm.PropertyCreated:
			return crm.FormatTime(millis(s.created))
		case crm.PropertyModified, crm.PropertyModifiedContact:
			return crm.FormatTime(millis(s.updated))
		}
	}
	return s.values[p.id]
}

func (o *object) selectProperties(names []string) ([]*property, error) {
	var out []*property
	for _, n := range names {
		p, err := o.property(n)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// ReadRecords implements crm.RecordReader.
func (a *Account) ReadRecords(ctx context.Context, objectName, by string, keys []string, properties ...string) ([]*crm.Record, error) {
	out := make([]*crm.Record, len(keys))
	err := a.view(ctx, func(r kv.Reader, c *catalog) error {
		o, err := c.object(objectName)
		if err != nil {
			return err
		}
		selected, err := o.selectProperties(properties)
		if err != nil {
			return err
		}
		for i, key := range keys {
			id, found, err := a.keys.resolve(r, o, by, key)
			if err != nil {
				return err
			}
			if !found {
				continue
			}
			s, err := a.keys.readRecord(r, o.name, id)
			if err != nil {
				return err
			}
			if s != nil {
				rec := o.record(id, s, selected)
				out[i] = &rec
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// resolve finds the id of a record by the value of a unique property, or by id
// where by is "". An id that is found need not have a record.
func (k keys) resolve(r kv.Reader, o *object, by, key string) (id uint64, found bool, err error) {
	if by == "" {
		id, found = parseID(key)
		return id, found, nil
	}
	p, err := o.property(by)
	switch {
	case err != nil:
		return 0, false, err
	case p.Name == crm.PropertyID:
		id, found = parseID(key)
		return id, found, nil
	case !p.Unique:
		return 0, false, &crm.InvalidError{Property: by, Reason: "several records may have the same value: it is no key"}
	}
	value, err := p.normalize(key)
	if err != nil || value == "" {
		return 0, false, nil //nolint:nilerr // what is no value of the property no record has
	}
	return k.byUnique(r, o, p, value)
}

func (k keys) byUnique(r kv.Reader, o *object, p *property, value string) (id uint64, found bool, err error) {
	b, err := r.Get(k.unique(o.name, p.id, value))
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case len(b) != 8:
		return 0, false, errDamaged
	}
	return lastNumber(b), true, nil
}

// normalize is the one spelling of a value of the property.
func (p *property) normalize(value string) (string, error) {
	v, err := crm.NormalizeValue(p.Type, value)
	if err != nil || v == "" {
		return "", err
	}
	if p.Unique {
		switch p.Name {
		case crm.PropertyEmail:
			return crm.NormalizeEmail(v)
		case crm.PropertyDomain:
			return crm.NormalizeDomain(v)
		}
	}
	return v, nil
}

// pageLimit is the size of a page.
func pageLimit(limit int) (int, error) {
	switch {
	case limit == 0:
		return crm.MaxPage, nil
	case limit < 0 || limit > crm.MaxPage:
		return 0, &crm.InvalidError{Reason: fmt.Sprintf("a page has 1 to %d items", crm.MaxPage)}
	}
	return limit, nil
}

var errCursor = &crm.InvalidError{Reason: "the cursor is not one of this listing"}

// idCursor is the cursor behind a number, and numberAfter its way back.
func idCursor(id uint64) crm.Cursor { return crm.Cursor(formatID(id)) }

func numberAfter(c crm.Cursor) (uint64, error) {
	if c == "" {
		return 0, nil
	}
	id, ok := parseID(string(c))
	if !ok {
		return 0, errCursor
	}
	return id, nil
}

// after is the part of a prefix's span whose keys end with a higher number.
func after(prefix []byte, id uint64) kv.Span {
	span := kv.Prefix(prefix)
	if id > 0 {
		span.From = append(number(slices.Clone(prefix), id), 0)
	}
	return span
}

// ListRecords implements crm.RecordReader.
func (a *Account) ListRecords(ctx context.Context, q crm.Query) (page crm.Page[crm.Record], err error) {
	err = a.view(ctx, func(r kv.Reader, c *catalog) error {
		page, err = a.listRecords(r, c, q)
		return err
	})
	return page, err
}

func (a *Account) listRecords(r kv.Reader, c *catalog, q crm.Query) (page crm.Page[crm.Record], err error) {
	limit, err := pageLimit(q.Limit)
	if err != nil {
		return page, err
	}
	o, err := c.object(q.Object)
	if err != nil {
		return page, err
	}
	selected, err := o.selectProperties(q.Properties)
	if err != nil {
		return page, err
	}
	var where *property
	var value string
	if q.Where != nil {
		if where, err = o.property(q.Where.Property); err != nil {
			return page, err
		}
		if value, err = where.normalize(q.Where.Value); err != nil {
			return page, nil // no record has a value that the property cannot have
		}
	}
	candidates, err := a.candidates(r, o, q, where, value)
	if err != nil {
		return page, err
	}
	var last crm.Cursor
	looked := 0
	for c, err := range candidates {
		if err != nil {
			return crm.Page[crm.Record]{}, err
		}
		if len(page.Items) == limit || looked == scanned {
			page.Next = last
			return page, nil
		}
		looked++
		last = c.cursor
		s := c.record
		if s == nil {
			if s, err = a.keys.readRecord(r, o.name, c.id); err != nil {
				return crm.Page[crm.Record]{}, err
			}
		}
		if s == nil || where != nil && where.value(c.id, s) != value {
			continue
		}
		page.Items = append(page.Items, o.record(c.id, s, selected))
	}
	return page, nil
}

// candidate is a record that a query may want.
type candidate struct {
	id     uint64
	cursor crm.Cursor
	record *stored // nil: not read yet
}

// candidates yields the records to look at for a query, from its cursor on.
func (a *Account) candidates(r kv.Reader, o *object, q crm.Query, where *property, value string) (func(func(candidate, error) bool), error) {
	if q.Order == crm.ByUpdated {
		return a.byUpdated(r, o, q)
	}
	from, err := numberAfter(q.After)
	if err != nil {
		return nil, err
	}
	switch {
	case where != nil && value != "" && where.Unique:
		return func(yield func(candidate, error) bool) {
			id, found, err := a.keys.byUnique(r, o, where, value)
			if err != nil || found && id > from {
				yield(candidate{id: id, cursor: idCursor(id)}, err)
			}
		}, nil
	case where != nil && value != "" && where.lookup:
		return func(yield func(candidate, error) bool) {
			for k, err := range r.Keys(after(a.keys.equal(o.name, where.id, value), from)) {
				c := candidate{}
				if err == nil {
					c.id = lastNumber(k)
					c.cursor = idCursor(c.id)
				}
				if !yield(c, err) {
					return
				}
			}
		}, nil
	}
	return func(yield func(candidate, error) bool) {
		for e, err := range r.Range(after(a.keys.records(o.name), from)) {
			c := candidate{}
			if err == nil {
				c.id = lastNumber(e.Key)
				c.cursor = idCursor(c.id)
				c.record, err = decode(e.Value)
			}
			if !yield(c, err) {
				return
			}
		}
	}, nil
}

// byUpdated yields the records by time of their last update. Its cursor is that
// time and the id.
func (a *Account) byUpdated(r kv.Reader, o *object, q crm.Query) (func(func(candidate, error) bool), error) {
	prefix := a.keys.updated(o.name)
	span := kv.Prefix(prefix)
	if !q.Since.IsZero() {
		// Rounded up: what was updated in the millisecond before is before it.
		ms := q.Since.UnixMilli()
		if q.Since.Nanosecond()%1e6 != 0 {
			ms++
		}
		span.From = number(slices.Clone(prefix), uint64(max(0, ms)))
	}
	if q.After != "" {
		ms, id, ok := strings.Cut(string(q.After), ".")
		t, valid := parseID(ms)
		n, validID := parseID(id)
		if !ok || !valid || !validID {
			return nil, errCursor
		}
		span.From = append(number(number(slices.Clone(prefix), t), n), 0)
	}
	return func(yield func(candidate, error) bool) {
		for k, err := range r.Keys(span) {
			c := candidate{}
			if err == nil {
				c.id = lastNumber(k)
				c.cursor = crm.Cursor(formatID(lastNumber(k[:len(k)-8])) + "." + formatID(c.id))
			}
			if !yield(c, err) {
				return
			}
		}
	}, nil
}

// ListMembers implements crm.RecordReader. Who is in a list with a condition is
// found by asking each record, a bounded number of them for a page.
func (a *Account) ListMembers(ctx context.Context, list string, cursor crm.Cursor, limit int) (page crm.Page[string], err error) {
	err = a.view(ctx, func(r kv.Reader, c *catalog) error {
		asset, l, err := c.list(list)
		if err != nil {
			return err
		}
		limit, err := pageLimit(limit)
		if err != nil {
			return err
		}
		from, err := numberAfter(cursor)
		if err != nil {
			return err
		}
		if l.Membership.Manual() {
			for k, err := range r.Keys(after(a.keys.members(list), from)) {
				if err != nil {
					return err
				}
				if len(page.Items) == limit {
					page.Next = crm.Cursor(page.Items[limit-1])
					return nil
				}
				page.Items = append(page.Items, formatID(lastNumber(k)))
			}
			return nil
		}
		o, err := c.object(l.ObjectName())
		if err != nil || a.opts.Matcher == nil {
			return err
		}
		var last uint64
		looked := 0
		for e, err := range r.Range(after(a.keys.records(o.name), from)) {
			if err != nil {
				return err
			}
			if len(page.Items) == limit || looked == scanned {
				page.Next = idCursor(last)
				return nil
			}
			looked++
			last = lastNumber(e.Key)
			s, err := decode(e.Value)
			if err != nil {
				return err
			}
			if rec := o.record(last, s, nil); a.opts.Matcher(asset, &rec) {
				page.Items = append(page.Items, rec.ID)
			}
		}
		return nil
	})
	if err != nil {
		return crm.Page[string]{}, err
	}
	return page, nil
}

// Memberships implements crm.RecordReader.
func (a *Account) Memberships(ctx context.Context, objectName string, ids []string) ([][]string, error) {
	out := make([][]string, len(ids))
	err := a.view(ctx, func(r kv.Reader, c *catalog) error {
		o, err := c.object(objectName)
		if err != nil {
			return err
		}
		for i, text := range ids {
			id, ok := parseID(text)
			if !ok {
				continue
			}
			s, err := a.keys.readRecord(r, o.name, id)
			if err != nil {
				return err
			}
			if s == nil {
				continue
			}
			prefix := a.keys.memberships(o.name, id)
			for k, err := range r.Keys(kv.Prefix(prefix)) {
				if err != nil {
					return err
				}
				if list := string(k[len(prefix):]); c.byID(schema.KindList, list) != nil {
					out[i] = append(out[i], list)
				}
			}
			for list := range a.matching(o, id, s) {
				out[i] = append(out[i], list)
			}
			slices.SortFunc(out[i], crm.CompareIDs)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// matching returns the lists with a condition that a record belongs into; no
// record belongs into none.
func (a *Account) matching(o *object, id uint64, s *stored) map[string]bool {
	if a.opts.Matcher == nil || len(o.lists) == 0 || s == nil {
		return nil
	}
	in := map[string]bool{}
	rec := o.record(id, s, nil)
	for _, list := range o.lists {
		r := rec
		r.Properties = maps.Clone(rec.Properties)
		if a.opts.Matcher(list, &r) {
			in[list.ID] = true
		}
	}
	return in
}

// Associations implements crm.RecordReader.
func (a *Account) Associations(ctx context.Context, objectName string, ids []string, to string) ([]crm.Page[crm.Association], error) {
	out := make([]crm.Page[crm.Association], len(ids))
	err := a.view(ctx, func(r kv.Reader, c *catalog) error {
		for _, o := range []string{objectName, to} {
			if _, err := c.object(o); err != nil {
				return err
			}
		}
		for i, id := range ids {
			page, err := a.listAssociations(r, crm.Ref{Object: objectName, ID: id}, to, 0, crm.MaxPage)
			if err != nil {
				return err
			}
			out[i] = page
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListAssociations implements crm.RecordReader.
func (a *Account) ListAssociations(ctx context.Context, from crm.Ref, to string, cursor crm.Cursor, limit int) (page crm.Page[crm.Association], err error) {
	err = a.view(ctx, func(r kv.Reader, c *catalog) error {
		for _, o := range []string{from.Object, to} {
			if _, err := c.object(o); err != nil {
				return err
			}
		}
		limit, err := pageLimit(limit)
		if err != nil {
			return err
		}
		begin, err := numberAfter(cursor)
		if err != nil {
			return err
		}
		page, err = a.listAssociations(r, from, to, begin, limit)
		return err
	})
	return page, err
}

func (a *Account) listAssociations(r kv.Reader, from crm.Ref, to string, begin uint64, limit int) (page crm.Page[crm.Association], err error) {
	id, ok := parseID(from.ID)
	if !ok {
		return page, nil
	}
	for e, err := range r.Range(after(a.keys.links(from.Object, id, to), begin)) {
		if err != nil {
			return crm.Page[crm.Association]{}, err
		}
		if len(page.Items) == limit {
			page.Next = crm.Cursor(page.Items[limit-1].To.ID)
			return page, nil
		}
		page.Items = append(page.Items, crm.Association{
			To: crm.Ref{Object: to, ID: formatID(lastNumber(e.Key))}, Labels: splitLabels(e.Value),
		})
	}
	return page, nil
}

// ListSubmissions implements crm.RecordReader.
func (a *Account) ListSubmissions(ctx context.Context, form string, cursor crm.Cursor, limit int) (page crm.Page[crm.Submission], err error) {
	err = a.view(ctx, func(r kv.Reader, c *catalog) error {
		if _, err := c.asset(schema.KindForm, form); err != nil {
			return err
		}
		limit, err := pageLimit(limit)
		if err != nil {
			return err
		}
		from, err := numberAfter(cursor)
		if err != nil {
			return err
		}
		for e, err := range r.Range(after(a.keys.submissions(form), from)) {
			if err != nil {
				return err
			}
			if len(page.Items) == limit {
				page.Next = crm.Cursor(page.Items[limit-1].ID)
				return nil
			}
			var s crm.Submission
			if err := json.Unmarshal(e.Value, &s); err != nil {
				return fmt.Errorf("submission %d: %w", lastNumber(e.Key), err)
			}
			page.Items = append(page.Items, s)
		}
		return nil
	})
	if err != nil {
		return crm.Page[crm.Submission]{}, err
	}
	return page, nil
}

// Subscriptions implements crm.RecordReader.
func (a *Account) Subscriptions(ctx context.Context, contacts []string) ([][]crm.Subscription, error) {
	out := make([][]crm.Subscription, len(contacts))
	err := a.view(ctx, func(r kv.Reader, c *catalog) error {
		for i, text := range contacts {
			id, ok := parseID(text)
			if !ok {
				continue
			}
			s, err := a.keys.readRecord(r, schema.Contact, id)
			if err != nil {
				return err
			}
			if s == nil || s.values[crm.PropertyEmail] == "" {
				continue
			}
			for e, err := range r.Range(kv.Prefix(a.keys.subscriptions(s.values[crm.PropertyEmail]))) {
				if err != nil {
					return err
				}
				var sub crm.Subscription
				if err := json.Unmarshal(e.Value, &sub); err != nil {
					return fmt.Errorf("subscription of contact %d: %w", id, err)
				}
				if c.byID(schema.KindSubscriptionType, sub.Type) != nil {
					out[i] = append(out[i], sub)
				}
			}
			slices.SortFunc(out[i], func(a, b crm.Subscription) int { return crm.CompareIDs(a.Type, b.Type) })
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Changes implements crm.RecordReader.
func (a *Account) Changes(ctx context.Context, cursor crm.Cursor, limit int) (changes []crm.Change, next crm.Cursor, err error) {
	err = a.db.View(ctx, func(r kv.Reader) error {
		if _, err := a.look(r); err != nil {
			return err
		}
		limit, err := pageLimit(limit)
		if err != nil {
			return err
		}
		n, err := readCounters(r, a.keys.counters())
		if err != nil {
			return err
		}
		oldest, err := a.oldest(r)
		if err != nil {
			return err
		}
		from := oldest - 1
		if cursor != "" {
			if from, err = strconv.ParseUint(string(cursor), 10, 64); err != nil || from > n.sequence {
				return errCursor
			}
			if from+1 < oldest {
				return crm.ErrCursorTooOld
			}
		}
		size := 0
		for e, err := range r.Range(after(a.keys.changes(), from)) {
			if err != nil {
				return err
			}
			var c crm.Change
			if err := json.Unmarshal(e.Value, &c); err != nil {
				return fmt.Errorf("change %d: %w", lastNumber(e.Key), err)
			}
			changes = append(changes, c)
			from = c.Sequence
			if size += len(e.Value); len(changes) == limit || size > maxChangesBytes {
				break
			}
		}
		next = crm.Cursor(formatID(from))
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return changes, next, nil
}

// maxChangesBytes ends an answer early, so that a page of large changes does not
// fill the memory.
const maxChangesBytes = 4 << 20

// oldest is the sequence of the oldest change kept.
func (a *Account) oldest(r kv.Reader) (uint64, error) {
	b, err := r.Get(a.keys.oldest())
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return 1, nil
	case err != nil:
		return 0, err
	case len(b) != 8:
		return 0, errors.New("the account's mark of the oldest change is damaged")
	}
	return lastNumber(b), nil
}

// LatestChange implements crm.RecordReader.
func (a *Account) LatestChange(ctx context.Context) (cursor crm.Cursor, err error) {
	err = a.db.View(ctx, func(r kv.Reader) error {
		if _, err := a.look(r); err != nil {
			return err
		}
		n, err := readCounters(r, a.keys.counters())
		cursor = crm.Cursor(formatID(n.sequence))
		return err
	})
	return cursor, err
}
