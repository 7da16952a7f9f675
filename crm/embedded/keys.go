package embedded

import (
	"crypto/sha256"
	"encoding/binary"
	"net/url"
	"strconv"

	"accord/schema"
)

// Every key of an account begins with crm/<name>/; name is escaped as in a URL,
// so that no account's keys lie among those of another. Ids of records are
// numbers of 8 bytes, the highest first, so that the order of keys is the order
// of ids; ids of assets are text. hash is the first 16 bytes of a SHA-256: keys
// stay short, and hold no address of a person.
//
//	h                                      head: facts, and the digest of the catalog (JSON)
//	n                                      counters: last id, last change, last time
//	o                                      the oldest change kept, where changes were trimmed
//	a/<kind>/<asset>                       asset: its digest, then JSON
//	r/<object>/<id>                        record
//	t/<object>/<updated><id>               record by time of its last update, milliseconds
//	u/<object>/<property>/<hash>           record by a unique property → id
//	x/<object>/<property>/<hash><id>       records by another property that is looked up: deals by
//	                                       name, deals and tickets by <pipeline>/<stage>
//	l/<object>/<id>/<object>/<id>          association, under both its ends → labels
//	m/<list>/<id>                          member of a list with manual membership
//	b/<object>/<id>/<list>                 the same, by record
//	f/<form>/<submission>                  submission (JSON)
//	g/<contact>/<submission>               the same, by contact → form
//	s/<hash of the address>/<type>         subscription (JSON)
//	c/<change>                             change (JSON)
//	z/<span>                               a span of keys that belongs to a deleted asset and is to be removed
//	p/<digest>                             how far the file with that digest was loaded
//
// <property> is the id of a declared property's asset, and the name of a
// standard one: a property that is deleted and declared again is another one,
// and one with a new name keeps its values.
type keys struct{ prefix string }

func newKeys(name string) keys { return keys{"crm/" + url.PathEscape(name) + "/"} }

func (k keys) key(size int, parts ...string) []byte {
	n := len(k.prefix) + size
	for _, p := range parts {
		n += len(p)
	}
	b := make([]byte, 0, n)
	b = append(b, k.prefix...)
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func (k keys) head() []byte     { return k.key(0, "h") }
func (k keys) counters() []byte { return k.key(0, "n") }
func (k keys) oldest() []byte   { return k.key(0, "o") }

func (k keys) assets() []byte { return k.key(0, "a/") }
func (k keys) asset(kind schema.Kind, id string) []byte {
	return k.key(0, "a/", string(kind), "/", id)
}

func (k keys) records(object string) []byte { return k.key(8, "r/", object, "/") }
func (k keys) record(object string, id uint64) []byte {
	return number(k.records(object), id)
}

func (k keys) updated(object string) []byte { return k.key(16, "t/", object, "/") }
func (k keys) updatedAt(object string, ms int64, id uint64) []byte {
	return number(number(k.updated(object), uint64(ms)), id)
}

func (k keys) unique(object, property, value string) []byte {
	return hash(k.key(16, "u/", object, "/", property, "/"), value)
}

func (k keys) equal(object, property, value string) []byte {
	return hash(k.key(24, "x/", object, "/", property, "/"), value)
}

func (k keys) equalAt(object, property, value string, id uint64) []byte {
	return number(k.equal(object, property, value), id)
}

func (k keys) linksOf(object string, id uint64) []byte {
	return append(number(k.key(64, "l/", object, "/"), id), '/')
}

func (k keys) links(object string, id uint64, to string) []byte {
	return append(append(k.linksOf(object, id), to...), '/')
}

func (k keys) link(object string, id uint64, to string, toID uint64) []byte {
	return number(k.links(object, id, to), toID)
}

func (k keys) members(list string) []byte           { return k.key(8, "m/", list, "/") }
func (k keys) member(list string, id uint64) []byte { return number(k.members(list), id) }

func (k keys) memberships(object string, id uint64) []byte {
	return append(number(k.key(32, "b/", object, "/"), id), '/')
}

func (k keys) membership(object string, id uint64, list string) []byte {
	return append(k.memberships(object, id), list...)
}

func (k keys) submissions(form string) []byte { return k.key(8, "f/", form, "/") }
func (k keys) submission(form string, id uint64) []byte {
	return number(k.submissions(form), id)
}

func (k keys) submissionsOf(contact uint64) []byte {
	return append(number(k.key(32, "g/"), contact), '/')
}

func (k keys) submissionOf(contact, id uint64) []byte {
	return number(k.submissionsOf(contact), id)
}

func (k keys) subscriptions(email string) []byte {
	return append(hash(k.key(40, "s/"), email), '/')
}

func (k keys) subscription(email, typ string) []byte {
	return append(k.subscriptions(email), typ...)
}

func (k keys) changes() []byte               { return k.key(8, "c/") }
func (k keys) change(sequence uint64) []byte { return number(k.changes(), sequence) }

func (k keys) garbage() []byte { return k.key(0, "z/") }
func (k keys) garbageOf(prefix []byte) []byte {
	return append(k.key(len(prefix), "z/"), prefix[len(k.prefix):]...)
}

func (k keys) progress(digest string) []byte { return k.key(0, "p/", digest) }

func number(b []byte, n uint64) []byte { return binary.BigEndian.AppendUint64(b, n) }

// lastNumber is the number at the end of a key.
func lastNumber(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

func hash(b []byte, value string) []byte {
	sum := sha256.Sum256([]byte(value))
	return append(b, sum[:16]...)
}

// parseID reads the id of a record; no other spelling of the number will do.
func parseID(s string) (uint64, bool) {
	id, err := strconv.ParseUint(s, 10, 64)
	return id, err == nil && id > 0 && s[0] != '0'
}

func formatID(id uint64) string { return strconv.FormatUint(id, 10) }
