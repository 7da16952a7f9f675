package embedded

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"accord/crm"
	"accord/kv"
	"accord/schema"
)

// storedAsset is an asset as it lies in the store, behind its digest; kind and id
// are in its key.
type storedAsset struct {
	Name string      `json:"name,omitempty"`
	Spec schema.Spec `json:"spec"`
}

// assetID reads the key of an asset.
func (a *Account) assetID(key []byte) (crm.AssetID, error) {
	kind, id, _ := bytes.Cut(key[len(a.keys.assets()):], []byte("/"))
	for _, k := range crm.AssetKinds {
		if string(kind) == string(k) {
			return crm.AssetID{Kind: k, ID: string(id)}, nil
		}
	}
	return crm.AssetID{}, fmt.Errorf("embedded account %s: %q is no kind of asset", a.name, kind)
}

func (a *Account) decodeAsset(e kv.Entry) (*crm.Asset, error) {
	id, err := a.assetID(e.Key)
	if err != nil {
		return nil, err
	}
	_, body, err := a.splitAsset(id, e.Value)
	if err != nil {
		return nil, err
	}
	// The decoder fills the spec that is there: that of the kind.
	s := storedAsset{Spec: schema.NewSpec(id.Kind)}
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, a.errAsset(id, err)
	}
	asset := &crm.Asset{Kind: id.Kind, ID: id.ID, Name: s.Name, Spec: s.Spec}
	asset.Standard = isDefaultPipeline(asset)
	return asset, nil
}

// splitAsset takes the digest off the value of an asset.
func (a *Account) splitAsset(id crm.AssetID, value []byte) (digest crm.Digest, body []byte, err error) {
	if len(value) < len(digest) {
		return digest, nil, a.errAsset(id, io.ErrUnexpectedEOF)
	}
	return crm.Digest(value[:len(digest)]), value[len(digest):], nil
}

func (a *Account) errAsset(id crm.AssetID, err error) error {
	return fmt.Errorf("embedded account %s: %s %s is damaged: %w", a.name, id.Kind, id.ID, err)
}

func isDefaultPipeline(a *crm.Asset) bool {
	return a.Kind == schema.KindPipeline && a.ID == schema.DefaultPipelineName
}

// Assets implements crm.Reader.
func (a *Account) Assets(ctx context.Context, kinds ...schema.Kind) (assets []crm.Asset, err error) {
	err = a.view(ctx, func(_ kv.Reader, c *catalog) error {
		for _, k := range kinds {
			if !slices.Contains(crm.AssetKinds, k) {
				return errAssetKind(k)
			}
		}
		assets = c.assets(kinds)
		return nil
	})
	return assets, err
}

// Digests implements crm.Reader. The specs are not decoded for it.
func (a *Account) Digests(ctx context.Context) (map[crm.AssetID]crm.Digest, error) {
	var out map[crm.AssetID]crm.Digest
	err := a.db.View(ctx, func(r kv.Reader) error {
		out = map[crm.AssetID]crm.Digest{}
		for e, err := range r.Range(kv.Prefix(a.keys.assets())) {
			if err != nil {
				return err
			}
			id, err := a.assetID(e.Key)
			if err != nil {
				return err
			}
			if out[id], _, err = a.splitAsset(id, e.Value); err != nil {
				return err
			}
		}
		if len(out) > 0 {
			return nil
		}
		_, err := a.look(r) // an account without assets may be none
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func errAssetKind(kind schema.Kind) error {
	return &crm.InvalidError{Reason: fmt.Sprintf("a %s is nothing that is set up in an account", kind)}
}

// CreateAsset implements crm.Writer. The id of a pipeline is its name, so that
// it is the value that deals and conditions have; of anything else it is a
// number.
func (a *Account) CreateAsset(ctx context.Context, asset crm.Asset) (id string, err error) {
	if err := checkAsset(&asset); err != nil {
		return "", err
	}
	err = a.changeAssets(ctx, func(t *txn) ([]*crm.Asset, error) {
		if there := t.catalog.byKey(asset.Kind, asset.Key()); there != nil {
			return nil, errAssetExists(there)
		}
		asset.ID, asset.Standard = "", false
		if asset.Kind == schema.KindPipeline {
			asset.ID = asset.Name
		}
		if asset.ID == "" {
			asset.ID = formatID(t.id())
		}
		if there := t.catalog.byID(asset.Kind, asset.ID); there != nil {
			return nil, errAssetExists(there)
		}
		id = asset.ID
		stored, err := t.putAsset(&asset)
		return append(slices.Clone(t.catalog.all), stored), err
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func errAssetExists(there *crm.Asset) error {
	what := fmt.Sprintf("%s %q", there.Kind, there.Key())
	if there.Kind == schema.KindUser {
		what = "a User with this e-mail address"
	}
	return &crm.ExistsError{What: what, ID: there.ID}
}

// UpdateAsset implements crm.Writer. What values records may have hangs on their
// property: its object never changes, its type and whether its values are unique
// only while there are no records. A stage that is in use stays.
func (a *Account) UpdateAsset(ctx context.Context, asset crm.Asset) error {
	if err := checkAsset(&asset); err != nil {
		return err
	}
	return a.changeAssets(ctx, func(t *txn) ([]*crm.Asset, error) {
		there, err := t.catalog.asset(asset.Kind, asset.ID)
		if err != nil {
			return nil, err
		}
		if other := t.catalog.byKey(asset.Kind, asset.Key()); other != nil && other.ID != asset.ID {
			return nil, errAssetExists(other)
		}
		asset.Standard = there.Standard
		if there.Standard && !isDefaultPipeline(there) {
			return nil, &crm.InvalidError{Reason: fmt.Sprintf("%s %q is a standard one and cannot be changed", there.Kind, there.Key())}
		}
		if err := t.checkAssetChange(there, &asset); err != nil {
			return nil, err
		}
		stored, err := t.putAsset(&asset)
		return append(without(t.catalog.all, there), stored), err
	})
}

// DeleteAsset implements crm.Writer. A standard asset that was changed is given
// back what the vendor's account has.
func (a *Account) DeleteAsset(ctx context.Context, kind schema.Kind, id string) error {
	err := a.changeAssets(ctx, func(t *txn) ([]*crm.Asset, error) {
		there, err := t.catalog.asset(kind, id)
		if err != nil {
			return nil, err
		}
		rest := without(t.catalog.all, there)
		var after crm.Asset
		if isDefaultPipeline(there) {
			after = defaultPipeline()
		}
		if there.Standard && len(rest) == len(t.catalog.all) {
			return nil, &crm.InvalidError{Reason: fmt.Sprintf("%s %q is a standard one and cannot be deleted", kind, there.Key())}
		}
		if err := t.checkAssetChange(there, &after); err != nil {
			return nil, err
		}
		t.del(a.keys.asset(kind, id))
		for _, p := range a.keys.belongings(kind, there) {
			t.put(a.keys.garbageOf(p), nil)
		}
		return rest, nil
	})
	if err != nil {
		return err
	}
	return a.sweep(ctx)
}

func without(assets []*crm.Asset, one *crm.Asset) []*crm.Asset {
	return slices.DeleteFunc(slices.Clone(assets), func(a *crm.Asset) bool { return a.Kind == one.Kind && a.ID == one.ID })
}

// changeAssets runs a change of the assets, which returns those that are stored
// after it, and moves the head along.
func (a *Account) changeAssets(ctx context.Context, do func(t *txn) ([]*crm.Asset, error)) error {
	var after *seen
	err := a.db.Update(ctx, func(kt kv.Txn) error {
		t, err := a.begin(kt)
		if err != nil {
			return err
		}
		s, err := a.look(kt)
		if err != nil {
			return err
		}
		declared, err := do(t)
		if err != nil {
			return err
		}
		digest := sha256.New()
		digest.Write([]byte(s.head.Catalog))
		for _, k := range t.order {
			_, _ = fmt.Fprintf(digest, "%q %q", k, t.held[k].value) // a hash takes everything
		}
		h := s.head
		h.Catalog, h.Declared = hex.EncodeToString(digest.Sum(nil)[:16]), len(declared)
		raw, err := json.Marshal(h)
		if err != nil {
			return err
		}
		t.put(a.keys.head(), raw)
		if err := t.commitItem(); err != nil {
			if errors.Is(err, errFull) {
				return errTooLarge
			}
			return err
		}
		after = &seen{raw: raw, head: h, catalog: newCatalog(declared)}
		return t.finish()
	})
	if err == nil {
		a.seen.Store(after)
	}
	return err
}

// putAsset stores an asset and returns it as it will be read: canonical, without
// a placement, and sharing nothing with what the caller has.
func (t *txn) putAsset(asset *crm.Asset) (*crm.Asset, error) {
	spec := asset.Spec.Canonical()
	switch s := spec.(type) {
	case *schema.User:
		s.Access = slices.Clone(s.Access)
		for i := range s.Access {
			s.Access[i].Account = ""
		}
	case schema.Placed:
		*s.Place() = schema.Placement{}
	}
	digest := (&crm.Asset{Kind: asset.Kind, Name: asset.Name, Spec: spec}).Digest()
	body, err := json.Marshal(storedAsset{asset.Name, spec})
	if err != nil {
		return nil, err
	}
	e := kv.Entry{Key: t.account.keys.asset(asset.Kind, asset.ID), Value: append(digest[:], body...)}
	t.put(e.Key, e.Value)
	return t.account.decodeAsset(e)
}

var (
	propertyName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,99}$`)
	objectName   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,99}$`)
	propertyType = []string{
		schema.TypeString, schema.TypeNumber, schema.TypeBoolean, schema.TypeDate, schema.TypeDatetime, schema.TypeEnumeration,
	}
)

// checkAsset refuses what no account can have, and completes the name.
func checkAsset(a *crm.Asset) error {
	if !slices.Contains(crm.AssetKinds, a.Kind) {
		return errAssetKind(a.Kind)
	}
	if a.Spec == nil || a.Spec.Kind() != a.Kind {
		return &crm.InvalidError{Reason: fmt.Sprintf("what is given is not the spec of a %s", a.Kind)}
	}
	switch s := a.Spec.(type) {
	case *schema.User:
		if _, err := crm.NormalizeEmail(s.Email); err != nil {
			return &crm.InvalidError{Property: "email", Reason: err.Error()}
		}
		if len(s.Access) > 1 {
			return &crm.InvalidError{Reason: "a user has one access to an account"}
		}
	case *schema.Property:
		a.Name = s.InternalName(a.Name)
		return checkProperty(a.Name, s)
	case *schema.Pipeline:
		return checkPipeline(a.Name, s)
	case *schema.List:
		if !objectName.MatchString(s.ObjectName()) {
			return &crm.InvalidError{Reason: "a list needs the name of an object"}
		}
	}
	if a.Key() == "" {
		return &crm.InvalidError{Reason: fmt.Sprintf("a %s needs a label", a.Kind)}
	}
	return nil
}

func checkProperty(name string, s *schema.Property) error {
	invalid := func(reason string) error { return &crm.InvalidError{Property: name, Reason: reason} }
	switch {
	case !propertyName.MatchString(name):
		return invalid("a property's name is made of small letters, digits, _ and -, begins with a letter and has at most 100")
	case !objectName.MatchString(s.Object):
		return invalid("the name of its object is made of letters, digits, _ and -, and begins with a letter")
	case !slices.Contains(propertyType, s.Type):
		return invalid("its type is none of " + strings.Join(propertyType, ", "))
	case s.Type != schema.TypeEnumeration && len(s.Options) > 0:
		return invalid("only an enumeration has options")
	}
	there := map[string]bool{"": true}
	for _, o := range s.Options {
		if there[o.Value] {
			return invalid(fmt.Sprintf("option %q is empty or there twice", o.Value))
		}
		there[o.Value] = true
	}
	return nil
}

func checkPipeline(name string, s *schema.Pipeline) error {
	if stageProperty[s.ObjectName()] == "" {
		return &crm.InvalidError{Reason: fmt.Sprintf("a %s is in no pipeline; a deal and a ticket are", s.ObjectName())}
	}
	if s.Label == "" || len(s.Stages) == 0 || strings.Contains(name, "/") {
		return &crm.InvalidError{Reason: "a pipeline needs a label and a stage, and a name without /"}
	}
	there := map[string]bool{"": true}
	for _, stage := range s.Stages {
		if there[stage.ID] {
			return &crm.InvalidError{Reason: fmt.Sprintf("stage %q is empty or there twice", stage.ID)}
		}
		there[stage.ID] = true
	}
	return nil
}

// asset returns the asset with the id, or ErrNotFound.
func (c *catalog) asset(kind schema.Kind, id string) (*crm.Asset, error) {
	if a := c.byID(kind, id); a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("%s with id %q: %w", kind, id, crm.ErrNotFound)
}

// checkAssetChange refuses a change that records do not allow. An asset without
// a spec is one that is deleted.
func (t *txn) checkAssetChange(before, after *crm.Asset) error {
	switch b := before.Spec.(type) {
	case *schema.Property:
		s, ok := after.Spec.(*schema.Property)
		if !ok || b.Object == s.Object && b.Type == s.Type && b.Unique == s.Unique {
			return nil
		}
		if b.Object != s.Object {
			return &crm.InvalidError{Property: before.Name, Reason: "its object cannot be changed: create another property"}
		}
		for _, err := range t.Keys(kv.Prefix(t.account.keys.records(b.Object))) {
			if err != nil {
				return err
			}
			return &crm.InvalidError{
				Property: before.Name, Reason: "its type, and whether its values are unique, cannot be changed once there are records: create another property",
			}
		}
	case *schema.Pipeline:
		return t.checkPipelineChange(before.ID, b, after)
	case *schema.List:
		s, ok := after.Spec.(*schema.List)
		if ok && (s.ObjectName() != b.ObjectName() || s.Membership.Manual() != b.Membership.Manual()) {
			return &crm.InvalidError{Reason: "a list keeps its object and its kind of membership: create another one"}
		}
	}
	return nil
}

// checkPipelineChange refuses to take a stage away while records are in it.
func (t *txn) checkPipelineChange(id string, before *schema.Pipeline, after *crm.Asset) error {
	object := before.ObjectName()
	s, _ := after.Spec.(*schema.Pipeline)
	if s != nil && s.ObjectName() != object {
		return &crm.InvalidError{Reason: "a pipeline keeps its object: create another one"}
	}
	for _, stage := range before.Stages {
		if s != nil && s.Stage(stage.ID) != nil {
			continue
		}
		for k, err := range t.Keys(kv.Prefix(t.account.keys.equal(object, schema.PropertyPipeline, placement(id, stage.ID)))) {
			if err != nil {
				return err
			}
			return &crm.InvalidError{Reason: fmt.Sprintf(
				"a %s is in stage %s of the pipeline (id %s): move it to another stage first", object, stage.ID, formatID(lastNumber(k)))}
		}
	}
	return nil
}

// belongings are the spans of keys that nothing refers to once the asset is
// deleted. What else there is of it is hidden, because ids of assets are never
// given out again.
func (k keys) belongings(kind schema.Kind, a *crm.Asset) [][]byte {
	switch kind {
	case schema.KindList:
		return [][]byte{k.key(0, "m/", a.ID, "/")}
	case schema.KindForm:
		return [][]byte{k.key(0, "f/", a.ID, "/")}
	case schema.KindProperty:
		return [][]byte{k.key(0, "u/", a.Spec.(*schema.Property).Object, "/", a.ID, "/")}
	}
	return nil
}

// sweep removes what belonged to deleted assets, in as many transactions as it
// takes; one that was interrupted is taken up by the next.
func (a *Account) sweep(ctx context.Context) error {
	for {
		left := false
		err := a.db.Update(ctx, func(t kv.Txn) error {
			left = false
			room := sweptPerTxn
			for mark, err := range t.Keys(kv.Prefix(a.keys.garbage())) {
				if err != nil {
					return err
				}
				prefix := a.keys.key(0, string(mark[len(a.keys.garbage()):]))
				for k, err := range t.Keys(kv.Prefix(prefix)) {
					if err != nil {
						return err
					}
					if room--; room < 0 {
						left = true
						return nil
					}
					if err := t.Delete(k); err != nil {
						return err
					}
				}
				if err := t.Delete(mark); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || !left {
			return err
		}
	}
}

// sweptPerTxn bounds a transaction that only deletes.
const sweptPerTxn = 1000
