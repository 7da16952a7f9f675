package embedded

import (
	"maps"
	"slices"
	"sync"

	"accord/crm"
	"accord/diag"
	"accord/schema"
)

// catalog is what is set up in an account. It is never changed, only replaced.
type catalog struct {
	// Stored assets lie beside the standard ones, and not among them: every
	// account has the same hundred standard ones, and most have few others.
	stored, standard map[schema.Kind]keyedAssets
	all              []*crm.Asset // the stored ones, in no order

	objects func() map[string]*object // for records, which most calls of plan never touch
}

// keyedAssets are assets in the order of their keys, which are worked out once.
type keyedAssets struct {
	assets []*crm.Asset
	keys   []string
}

func (a *keyedAssets) insert(asset *crm.Asset) {
	key := asset.Key()
	i, _ := slices.BinarySearch(a.keys, key)
	a.assets, a.keys = slices.Insert(a.assets, i, asset), slices.Insert(a.keys, i, key)
}

// appendMerged appends the assets of both in the order of their keys.
func appendMerged(out []crm.Asset, a, b keyedAssets) []crm.Asset {
	for len(a.keys)+len(b.keys) > 0 {
		from := &a
		if len(a.keys) == 0 || len(b.keys) > 0 && b.keys[0] < a.keys[0] {
			from = &b
		}
		out = append(out, *from.assets[0])
		from.assets, from.keys = from.assets[1:], from.keys[1:]
	}
	return out
}

// object is what the account knows of one object.
type object struct {
	name       string
	properties map[string]*property // by name
	stored     map[string]*property // by the id under which values are stored
	lists      []*crm.Asset         // with a condition
}

// property is a property of an object, standard or declared.
type property struct {
	crm.StandardProperty
	id     string // as it is stored; see keys
	lookup bool   // has an index by value, though it is not unique
}

// stageProperty is the property that says the stage, of objects in pipelines.
var stageProperty = map[string]string{schema.Deal: schema.PropertyDealStage, schema.Ticket: crm.PropertyTicketStage}

// standardAssets are the assets of an account in which nothing is stored, and
// otherPipeline those of one in which a pipeline takes the place of the default
// one.
var standardAssets, otherPipeline = func() (all, other map[schema.Kind]keyedAssets) {
	var properties, pipelines keyedAssets
	for _, o := range schema.Objects {
		for _, p := range crm.Standard(o) {
			spec := &schema.Property{Object: o, Type: p.Type, Unique: p.Unique}
			for _, v := range p.Options {
				spec.Options = append(spec.Options, schema.Option{Value: v})
			}
			properties.insert(&crm.Asset{
				Kind: schema.KindProperty, ID: o + "/" + p.Name, Name: p.Name, Standard: true, Spec: spec,
			})
		}
	}
	def := defaultPipeline()
	pipelines.insert(&def)
	return map[schema.Kind]keyedAssets{schema.KindProperty: properties, schema.KindPipeline: pipelines},
		map[schema.Kind]keyedAssets{schema.KindProperty: properties}
}()

var standardCatalog = newCatalog(nil)

func defaultPipeline() crm.Asset {
	return crm.Asset{
		Kind: schema.KindPipeline, ID: schema.DefaultPipelineName, Name: schema.DefaultPipelineName, Standard: true,
		Spec: schema.DefaultPipeline.Canonical(),
	}
}

// newCatalog makes a catalog of the stored assets. A stored pipeline named
// default takes the place of the vendor's.
func newCatalog(all []*crm.Asset) *catalog {
	c := &catalog{all: all, stored: map[schema.Kind]keyedAssets{}, standard: standardAssets}
	for _, a := range all {
		of := c.stored[a.Kind]
		of.insert(a)
		c.stored[a.Kind] = of
		if isDefaultPipeline(a) {
			c.standard = otherPipeline
		}
	}
	c.objects = sync.OnceValue(c.makeObjects)
	return c
}

// assets returns the assets of the kinds in the order of their keys. The slice
// is the caller's.
func (c *catalog) assets(kinds []schema.Kind) []crm.Asset {
	n := 0
	for _, k := range kinds {
		n += len(c.stored[k].keys) + len(c.standard[k].keys)
	}
	out := make([]crm.Asset, 0, n)
	for _, k := range kinds {
		out = appendMerged(out, c.stored[k], c.standard[k])
	}
	return out
}

func (c *catalog) makeObjects() map[string]*object {
	m := make(map[string]*object, len(schema.Objects))
	for _, o := range schema.Objects {
		m[o] = newObject(o)
	}
	for _, a := range c.all {
		switch s := a.Spec.(type) {
		case *schema.Property:
			if m[s.Object] == nil {
				m[s.Object] = newObject(s.Object)
			}
			p := &property{id: a.ID, StandardProperty: crm.StandardProperty{Name: a.Name, Type: s.Type, Unique: s.Unique}}
			for _, o := range s.Options {
				p.Options = append(p.Options, o.Value)
			}
			m[s.Object].add(p)
		case *schema.List:
			if o := m[s.ObjectName()]; o != nil && !s.Membership.Manual() {
				o.lists = append(o.lists, a)
			}
		}
	}
	return m
}

func newObject(name string) *object {
	o := &object{name: name, properties: map[string]*property{}, stored: map[string]*property{}}
	for _, s := range crm.Standard(name) {
		o.add(&property{StandardProperty: s, id: s.Name, lookup: name == schema.Deal && s.Name == crm.PropertyDealName})
	}
	return o
}

func (o *object) add(p *property) { o.properties[p.Name], o.stored[p.id] = p, p }

// placement is the value under which a record in a pipeline is looked up.
func placement(pipeline, stage string) string { return pipeline + "/" + stage }

// byID returns the asset with the id, or nil.
func (c *catalog) byID(kind schema.Kind, id string) *crm.Asset {
	for _, of := range []keyedAssets{c.stored[kind], c.standard[kind]} {
		if i := slices.IndexFunc(of.assets, func(a *crm.Asset) bool { return a.ID == id }); i >= 0 {
			return of.assets[i]
		}
	}
	return nil
}

// byKey returns the asset with the natural key, or nil.
func (c *catalog) byKey(kind schema.Kind, key string) *crm.Asset {
	for _, of := range []keyedAssets{c.stored[kind], c.standard[kind]} {
		if i, ok := slices.BinarySearch(of.keys, key); ok {
			return of.assets[i]
		}
	}
	return nil
}

// object returns the object, or says that the account has none of that name.
func (c *catalog) object(name string) (*object, error) {
	objects := c.objects()
	if o := objects[name]; o != nil {
		return o, nil
	}
	return nil, &crm.InvalidError{Reason: unknown("the account has no object", name, slices.Collect(maps.Keys(objects)))}
}

// property returns the property, or says that the object has none of that name.
func (o *object) property(name string) (*property, error) {
	if p := o.properties[name]; p != nil {
		return p, nil
	}
	return nil, &crm.InvalidError{
		Property: name, Reason: unknown("the account has no property of a "+o.name+" that is called", name, slices.Collect(maps.Keys(o.properties))),
	}
}

// unknown says what there is not, and which name may have been meant.
func unknown(what, name string, names []string) string {
	reason := what + " " + name
	if hint := diag.DidYouMean(name, names); hint != "" {
		reason += ": " + hint
	}
	return reason
}

// pipelines returns the pipelines of an object by id.
func (c *catalog) pipelines(object string) map[string]*schema.Pipeline {
	m := map[string]*schema.Pipeline{}
	for _, a := range c.assets([]schema.Kind{schema.KindPipeline}) {
		if p := a.Spec.(*schema.Pipeline); p.ObjectName() == object {
			m[a.ID] = p
		}
	}
	return m
}

// list returns the list, or ErrNotFound.
func (c *catalog) list(id string) (*crm.Asset, *schema.List, error) {
	a, err := c.asset(schema.KindList, id)
	if err != nil {
		return nil, nil, err
	}
	return a, a.Spec.(*schema.List), nil
}
