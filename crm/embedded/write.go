package embedded

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"accord/crm"
	"accord/diag"
	"accord/kv"
	"accord/schema"
)

// maxRecordBytes bounds all values of a record together, so that a record and
// the change that tells of it fit into one transaction.
const maxRecordBytes = 256 << 10

// CreateRecords implements crm.RecordWriter.
func (a *Account) CreateRecords(ctx context.Context, object string, inputs []crm.Input) ([]crm.Result, error) {
	return a.batch(ctx, len(inputs), func(t *txn, i int) (crm.Result, error) {
		o, err := t.catalog.object(object)
		if err != nil {
			return crm.Result{}, err
		}
		in := inputs[i]
		if in.ID != "" {
			return refuse("", "a record that is created has no id yet")
		}
		if in.Key != "" {
			id, found, err := a.keys.byUnique(t, o, o.properties[crm.PropertyKey], in.Key)
			if err != nil || found {
				return crm.Result{ID: formatID(id)}, err
			}
		}
		return t.create(o, in)
	})
}

// UpdateRecords implements crm.RecordWriter.
func (a *Account) UpdateRecords(ctx context.Context, object string, inputs []crm.Input) ([]crm.Result, error) {
	return a.batch(ctx, len(inputs), func(t *txn, i int) (crm.Result, error) {
		o, err := t.catalog.object(object)
		if err != nil {
			return crm.Result{}, err
		}
		in := inputs[i]
		if len(in.Associations) > 0 || in.Key != "" {
			return refuse("", "an update takes properties alone")
		}
		id, before, err := t.there(object, in.ID)
		if err != nil {
			return failed(err)
		}
		return t.write(o, id, before, in.Properties, in.Cause)
	})
}

// UpsertRecords implements crm.RecordWriter.
func (a *Account) UpsertRecords(ctx context.Context, object, by string, inputs []crm.Input) ([]crm.Result, error) {
	return a.batch(ctx, len(inputs), func(t *txn, i int) (crm.Result, error) {
		o, err := t.catalog.object(object)
		if err != nil {
			return crm.Result{}, err
		}
		key, err := o.property(by)
		if err != nil {
			return crm.Result{}, err
		}
		if !key.Unique {
			return crm.Result{}, &crm.InvalidError{Property: by, Reason: "several records may have the same value: it is no key"}
		}
		return t.upsert(o, key, inputs[i])
	})
}

func (t *txn) upsert(o *object, key *property, in crm.Input) (crm.Result, error) {
	value, err := key.normalize(in.ID)
	if err == nil && value == "" {
		err = errors.New("is missing, and by it the record is found")
	}
	if err != nil {
		return refuse(key.Name, err.Error())
	}
	if key.Name == crm.PropertyKey {
		in.Key = value
	} else {
		if in.Key != "" {
			return refuse(crm.PropertyKey, "an upsert has one key, and this one is by "+key.Name)
		}
		if own, ok := in.Properties[key.Name]; ok {
			if own, err := key.normalize(own); err != nil || own != value {
				return refuse(key.Name, "is not the value by which the record is found")
			}
		}
		in.Properties = maps.Clone(in.Properties)
		if in.Properties == nil {
			in.Properties = map[string]string{}
		}
		in.Properties[key.Name] = value
	}
	id, found, err := t.account.keys.byUnique(t, o, key, value)
	if err != nil {
		return crm.Result{}, err
	}
	if !found {
		return t.create(o, in)
	}
	before, err := t.read(o.name, id)
	if err == nil && before == nil {
		err = errDamaged // an index without its record
	}
	if err != nil {
		return crm.Result{}, err
	}
	r, err := t.write(o, id, before, in.Properties, in.Cause)
	if err != nil || r.Err != nil {
		return r, err
	}
	changed, err := t.associateAll(o, id, in)
	if err != nil {
		return failed(err)
	}
	r.Changed = r.Changed || changed
	return r, nil
}

// create makes a record with its associations.
func (t *txn) create(o *object, in crm.Input) (crm.Result, error) {
	id := t.id()
	values := map[string]string{}
	if in.Key != "" {
		if _, err := crm.NormalizeValue(schema.TypeString, in.Key); err != nil {
			return refuse(crm.PropertyKey, err.Error())
		}
		values[crm.PropertyKey] = in.Key
		t.put(t.account.keys.unique(o.name, crm.PropertyKey, in.Key), number(nil, id))
	}
	after, err := t.set(o, id, nil, values, in.Properties)
	if err != nil {
		return failed(err)
	}
	if err := t.save(o, id, nil, after, in.Cause); err != nil {
		return failed(err)
	}
	if _, err := t.associateAll(o, id, in); err != nil {
		return failed(err)
	}
	return crm.Result{ID: formatID(id), Created: true, Changed: true}, nil
}

// write updates a record that is there.
func (t *txn) write(o *object, id uint64, before *stored, properties map[string]string, cause crm.Cause) (crm.Result, error) {
	after, err := t.set(o, id, before, before.values, properties)
	if err != nil {
		return failed(err)
	}
	r := crm.Result{ID: formatID(id)}
	if len(o.diff(before, after)) == 0 {
		return r, nil
	}
	r.Changed = true
	if err := t.save(o, id, before, after, cause); err != nil {
		return failed(err)
	}
	return r, nil
}

// failed sorts an error: what is wrong with the item goes into its result,
// anything else ends the batch.
func failed(err error) (crm.Result, error) {
	var exists *crm.ExistsError
	var invalid *crm.InvalidError
	if errors.Is(err, crm.ErrNotFound) || errors.As(err, &exists) || errors.As(err, &invalid) {
		return crm.Result{Err: err}, nil
	}
	return crm.Result{}, err
}

func refuse(property, reason string) (crm.Result, error) {
	return crm.Result{Err: &crm.InvalidError{Property: property, Reason: reason}}, nil
}

// there reads the record with the id, or returns ErrNotFound.
func (t *txn) there(object, text string) (uint64, *stored, error) {
	id, ok := parseID(text)
	if ok {
		s, err := t.read(object, id)
		if s != nil || err != nil {
			return id, s, err
		}
	}
	return 0, nil, errNoRecord(object, text)
}

func errNoRecord(object, id string) error {
	return fmt.Errorf("%s with id %q: %w", object, id, crm.ErrNotFound)
}

// set returns the values that a record has after properties are set, or an
// *InvalidError or *ExistsError. Before is nil for a record that is created.
func (t *txn) set(o *object, id uint64, before *stored, values, properties map[string]string) (map[string]string, error) {
	after := maps.Clone(values)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		p, err := o.property(name)
		if err != nil {
			return nil, err
		}
		if p.ReadOnly {
			return nil, &crm.InvalidError{Property: name, Reason: "is written by the account itself"}
		}
		value, err := p.normalize(properties[name])
		if err != nil {
			return nil, &crm.InvalidError{Property: name, Reason: err.Error()}
		}
		if value == after[p.id] {
			continue
		}
		if value == "" {
			delete(after, p.id)
			continue
		}
		if err := t.check(o, p, id, value); err != nil {
			return nil, err
		}
		after[p.id] = value
	}
	return after, t.catalog.place(o.name, before, after, properties)
}

// check refuses a value that its type allows and the account does not.
func (t *txn) check(o *object, p *property, id uint64, value string) error {
	switch {
	case p.Unique:
		other, found, err := t.account.keys.byUnique(t, o, p, value)
		if err != nil {
			return err
		}
		if found && other != id {
			return &crm.ExistsError{What: fmt.Sprintf("a %s with this %s", o.name, p.Name), ID: formatID(other)}
		}
	case p.Name == crm.PropertyOwner:
		if t.catalog.byID(schema.KindUser, value) == nil {
			return &crm.InvalidError{Property: p.Name, Reason: "the account has no user with this id"}
		}
	case p.Type == schema.TypeEnumeration && p.Name != schema.PropertyPipeline && p.Name != stageProperty[o.name]:
		if !slices.Contains(p.Options, value) {
			reason := "is none of its options" // which it is may be personal
			if hint := diag.DidYouMean(value, p.Options); hint != "" {
				reason += ": " + hint
			}
			return &crm.InvalidError{Property: p.Name, Reason: reason}
		}
	}
	return nil
}

// place completes and checks the pipeline and the stage of a deal or a ticket.
// A deal is in a pipeline, default where nothing else is said; a record that
// comes into a pipeline is in its first stage, where nothing else is said.
func (c *catalog) place(object string, before *stored, after, set map[string]string) error {
	stageName := stageProperty[object]
	if stageName == "" {
		return nil
	}
	invalid := func(property, reason string) error { return &crm.InvalidError{Property: property, Reason: reason} }
	pipeline, stage := after[schema.PropertyPipeline], after[stageName]
	was, wasStage := "", ""
	if before != nil {
		was, wasStage = before.values[schema.PropertyPipeline], before.values[stageName]
	}
	switch {
	case pipeline == "" && object == schema.Deal && before == nil:
		pipeline = schema.DefaultPipelineName
	case pipeline == "" && object == schema.Deal:
		return invalid(schema.PropertyPipeline, "a deal is always in a pipeline")
	case pipeline == "":
		if set[stageName] != "" {
			return invalid(stageName, "a stage needs a pipeline")
		}
		delete(after, stageName)
		return nil
	}
	pipelines := c.pipelines(object)
	p := pipelines[pipeline]
	if _, said := set[stageName]; !said && pipeline != was && p != nil {
		stage = p.Stages[0].ID
	}
	if pipeline == was && stage == wasStage {
		return nil
	}
	switch {
	case p == nil:
		return invalid(schema.PropertyPipeline, unknown("the account has no "+object+" pipeline", pipeline, slices.Collect(maps.Keys(pipelines))))
	case stage == "":
		return invalid(stageName, "a "+object+" in a pipeline is always in a stage")
	case p.Stage(stage) == nil:
		ids := make([]string, len(p.Stages))
		for i := range p.Stages {
			ids[i] = p.Stages[i].ID
		}
		return invalid(stageName, unknown("pipeline "+pipeline+" has no stage", stage, ids))
	}
	after[schema.PropertyPipeline], after[stageName] = pipeline, stage
	return nil
}

// diff is what differs for those who read the record, by property.
func (o *object) diff(before *stored, after map[string]string) map[string]crm.Delta {
	m := map[string]crm.Delta{}
	for id, v := range after {
		old := ""
		if before != nil {
			old = before.values[id]
		}
		if p := o.stored[id]; v != old && p != nil && !p.ReadOnly {
			m[p.Name] = crm.Delta{Old: old, New: v}
		}
	}
	if before != nil {
		for id, old := range before.values {
			if p := o.stored[id]; after[id] == "" && p != nil && !p.ReadOnly {
				m[p.Name] = crm.Delta{Old: old}
			}
		}
	}
	return m
}

// save writes a record, its indexes and the changes that tell of it.
func (t *txn) save(o *object, id uint64, before *stored, after map[string]string, cause crm.Cause) error {
	s := &stored{created: t.now, updated: t.now, values: after}
	if before != nil {
		s.created = before.created
	}
	size := 0
	for id, v := range after {
		if o.stored[id] == nil {
			delete(after, id) // of a property that was deleted
			continue
		}
		size += len(v)
	}
	if size > maxRecordBytes {
		return &crm.InvalidError{Reason: fmt.Sprintf("the record has %d bytes, and may have %d", size, maxRecordBytes)}
	}
	k := t.account.keys
	if before != nil && before.updated != s.updated {
		t.del(k.updatedAt(o.name, before.updated, id))
	}
	if before == nil || before.updated != s.updated {
		t.put(k.updatedAt(o.name, s.updated, id), nil)
	}
	t.put(k.record(o.name, id), s.encode())
	old := map[string]bool{}
	if before != nil {
		for _, key := range k.indexes(o, id, before) {
			old[string(key)] = true
		}
	}
	for _, key := range k.indexes(o, id, s) {
		if !old[string(key)] {
			t.put(key, number(nil, id))
		}
		delete(old, string(key))
	}
	for _, key := range slices.Sorted(maps.Keys(old)) {
		t.del([]byte(key))
	}
	c := crm.Change{Type: crm.RecordUpdated, Object: o.name, ID: formatID(id), Changed: o.diff(before, after), Cause: cause}
	if before == nil {
		c.Type = crm.RecordCreated
	}
	t.change(c)
	t.moveThroughLists(o, id, before, s, cause)
	return nil
}

// indexes are the keys under which a record is found by its values.
func (k keys) indexes(o *object, id uint64, s *stored) [][]byte {
	var out [][]byte
	for name, v := range s.values {
		p := o.stored[name]
		switch {
		case p == nil:
		case p.Unique:
			out = append(out, k.unique(o.name, p.id, v))
		case p.lookup:
			out = append(out, k.equalAt(o.name, p.id, v, id))
		}
	}
	if stage := stageProperty[o.name]; stage != "" && s.values[schema.PropertyPipeline] != "" {
		out = append(out, k.equalAt(o.name, schema.PropertyPipeline, placement(s.values[schema.PropertyPipeline], s.values[stage]), id))
	}
	return out
}

// moveThroughLists tells of the lists with a condition that a record has come
// into or left by a change.
func (t *txn) moveThroughLists(o *object, id uint64, before, after *stored, cause crm.Cause) {
	if t.account.opts.Quiet || len(o.lists) == 0 {
		return
	}
	was, is := t.account.matching(o, id, before), t.account.matching(o, id, after)
	for _, list := range o.lists {
		c := crm.Change{Type: crm.ListJoined, Object: o.name, ID: formatID(id), List: list.ID, Cause: cause}
		if was[list.ID] {
			c.Type = crm.ListLeft
		}
		if was[list.ID] != is[list.ID] {
			t.change(c)
		}
	}
}

// errWide says that too much hangs on a record to delete it at once.
type errWide struct {
	object string
	id     uint64
}

func (e *errWide) Error() string {
	return fmt.Sprintf("too much hangs on %s %d to delete it at once", e.object, e.id)
}

// DeleteRecords implements crm.RecordWriter. Where more hangs on a record than
// one transaction holds, that goes first, in several; a crash between them leaves
// the record with less of it.
func (a *Account) DeleteRecords(ctx context.Context, object string, inputs []crm.Input) ([]crm.Result, error) {
	var results []crm.Result
	for {
		rest := inputs[len(results):]
		part, err := a.batch(ctx, len(rest), func(t *txn, i int) (crm.Result, error) {
			o, err := t.catalog.object(object)
			if err != nil {
				return crm.Result{}, err
			}
			return t.delete(o, rest[i])
		})
		results = append(results, part...)
		var wide *errWide
		if !errors.As(err, &wide) {
			return results, err
		}
		if err := a.thin(ctx, wide); err != nil {
			return results, err
		}
	}
}

func (t *txn) delete(o *object, in crm.Input) (crm.Result, error) {
	id, s, err := t.there(o.name, in.ID)
	if err != nil {
		return failed(err)
	}
	hanging, err := t.account.keys.hanging(t, o.name, id)
	if err != nil {
		return crm.Result{}, err
	}
	if len(hanging) > sweptPerTxn {
		return crm.Result{}, &errWide{o.name, id}
	}
	k := t.account.keys
	for _, key := range hanging {
		t.del(key)
	}
	for _, key := range k.indexes(o, id, s) {
		t.del(key)
	}
	t.del(k.updatedAt(o.name, s.updated, id))
	t.del(k.record(o.name, id))
	t.change(crm.Change{Type: crm.RecordDeleted, Object: o.name, ID: in.ID, Cause: in.Cause})
	return crm.Result{ID: in.ID, Changed: true}, nil
}

// thin removes what hangs on a record, until the rest fits into one transaction.
func (a *Account) thin(ctx context.Context, wide *errWide) error {
	for left := true; left; {
		err := a.db.Update(ctx, func(t kv.Txn) error {
			keys, err := a.keys.hanging(t, wide.object, wide.id)
			if err != nil {
				return err
			}
			left = len(keys) > sweptPerTxn
			for _, k := range keys {
				if err := t.Delete(k); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// hanging are the keys of a record's associations, memberships and submissions,
// at both ends, at most a pair more than sweptPerTxn.
func (k keys) hanging(r kv.Reader, object string, id uint64) ([][]byte, error) {
	var out [][]byte
	own := k.linksOf(object, id)
	for key, err := range r.Keys(kv.Prefix(own)) {
		if err != nil {
			return nil, err
		}
		to := string(key[len(own) : len(key)-9]) // without the / and the id
		if out = append(out, key, k.link(to, lastNumber(key), object, id)); len(out) > sweptPerTxn {
			return out, nil
		}
	}
	own = k.memberships(object, id)
	for key, err := range r.Keys(kv.Prefix(own)) {
		if err != nil {
			return nil, err
		}
		if out = append(out, key, k.member(string(key[len(own):]), id)); len(out) > sweptPerTxn {
			return out, nil
		}
	}
	if object != schema.Contact {
		return out, nil
	}
	for e, err := range r.Range(kv.Prefix(k.submissionsOf(id))) {
		if err != nil {
			return nil, err
		}
		if out = append(out, e.Key, k.submission(string(e.Value), lastNumber(e.Key))); len(out) > sweptPerTxn {
			return out, nil
		}
	}
	return out, nil
}
