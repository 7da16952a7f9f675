package crm

import (
	"slices"
	"strings"

	"accord/schema"
)

// Properties that every account has beside those of schema.StandardProperties,
// in the words of the language; a driver maps them to the vendor's.
const (
	PropertyEmail    = "email"
	PropertyDomain   = "domain"
	PropertyDealName = "dealname"
	// PropertyOwner is the owner of a record: the id of a User of the account.
	PropertyOwner = "owner"
	// PropertyMarketing says whether a contact is a marketing contact, as far
	// as the account can say: Capabilities.MarketingContacts.
	PropertyMarketing = "marketing_contact"
	// PropertyTicketStage is the stage of a ticket in its pipeline.
	PropertyTicketStage = "ticketstage"

	// The words of an activity.
	PropertySubject   = "subject"
	PropertyBody      = "body"
	PropertyTimestamp = "timestamp"
)

// Properties that the account itself writes. They are read where they are asked
// for by name.
const (
	PropertyID              = "hs_object_id"
	PropertyCreated         = "createdate"
	PropertyModified        = "hs_lastmodifieddate"
	PropertyModifiedContact = "lastmodifieddate" // what PropertyModified is called at a contact
	PropertyKey             = "accord_key"       // Input.Key of the record's creation
)

// StandardProperty is a property that every account has without a declaration.
type StandardProperty struct {
	Name     string
	Type     string
	Options  []string // of an enumeration; of pipeline and stage: none, the account says
	Unique   bool
	ReadOnly bool // written by the account itself
}

// Standard returns the standard properties of an object, by name. Of a custom
// object those are the owner and what the account itself writes.
func Standard(object string) []StandardProperty {
	if s, ok := standard[object]; ok {
		return s
	}
	return standardOfCustom
}

var (
	standardOfCustom = standardProperties("")
	standard         = func() map[string][]StandardProperty {
		m := map[string][]StandardProperty{}
		for _, object := range schema.Objects {
			m[object] = standardProperties(object)
		}
		return m
	}()
)

func standardProperties(object string) []StandardProperty {
	var out []StandardProperty
	for _, p := range schema.StandardProperties[object] {
		unique := object == schema.Contact && p.Name == PropertyEmail || object == schema.Company && p.Name == PropertyDomain
		out = append(out, StandardProperty{Name: p.Name, Type: p.Type, Options: p.Options, Unique: unique})
	}
	add := func(name, typ string) { out = append(out, StandardProperty{Name: name, Type: typ}) }
	switch {
	case slices.Contains(schema.Activities, object):
		add(PropertySubject, schema.TypeString)
		add(PropertyBody, schema.TypeString)
		add(PropertyTimestamp, schema.TypeDatetime)
	case object == schema.Ticket:
		add(PropertySubject, schema.TypeString)
		add(PropertyBody, schema.TypeString)
		add(schema.PropertyPipeline, schema.TypeEnumeration)
		add(PropertyTicketStage, schema.TypeEnumeration)
	case object == schema.Contact:
		add(PropertyMarketing, schema.TypeBoolean)
	}
	add(PropertyOwner, schema.TypeString)
	modified := PropertyModified
	if object == schema.Contact {
		modified = PropertyModifiedContact
	}
	out = append(out,
		StandardProperty{Name: PropertyID, Type: schema.TypeString, ReadOnly: true},
		StandardProperty{Name: PropertyCreated, Type: schema.TypeDatetime, ReadOnly: true},
		StandardProperty{Name: modified, Type: schema.TypeDatetime, ReadOnly: true},
		StandardProperty{Name: PropertyKey, Type: schema.TypeString, Unique: true, ReadOnly: true})
	slices.SortFunc(out, func(a, b StandardProperty) int { return strings.Compare(a.Name, b.Name) })
	return out
}
