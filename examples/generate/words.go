package generate

import "strings"

// region is where an account's brand sells.
type region struct{ code, country string }

var regions = []region{
	{"at", "Austria"},
	{"be", "Belgium"},
	{"ch", "Switzerland"},
	{"de", "Germany"},
	{"dk", "Denmark"},
	{"es", "Spain"},
	{"fr", "France"},
	{"it", "Italy"},
	{"nl", "Netherlands"},
	{"pl", "Poland"},
	{"pt", "Portugal"},
	{"se", "Sweden"},
	{"uk", "United Kingdom"},
	{"us", "United States"},
}

// label is what people call the value of an option or a stage.
func label(value string) string {
	for _, r := range regions {
		if r.code == value {
			return r.country
		}
	}
	return strings.ToUpper(value[:1]) + value[1:]
}

// property is one that an agency uses again and again.
type property struct {
	name, typ string
	options   []string
}

var stock = []property{
	{"score", "number", nil},
	{"seats", "number", nil},
	{"visits", "number", nil},
	{"store_distance", "number", nil},
	{"segment", "enumeration", []string{"premium", "standard", "basic"}},
	{"territory", "enumeration", []string{"north", "east", "south", "west"}},
	{"channel", "enumeration", []string{"web", "store", "phone", "fair", "partner"}},
	{"fair_visited", "enumeration", []string{"spring", "autumn"}},
	{"vip", "boolean", nil},
	{"reseller", "boolean", nil},
	{"catalog_wanted", "boolean", nil},
	{"contract_end", "date", nil},
	{"last_order", "date", nil},
	{"warranty_until", "date", nil},
	{"customer_number", "string", nil},
	{"cost_center", "string", nil},
}

var stages = []string{"new", "contacted", "qualified", "visited", "offered", "negotiated"}

var nouns = []string{
	"alder", "amber", "anker", "aspen", "beacon", "birke", "borea", "cedar", "cobalt", "coral", "delta", "drift", "ember", "falke", "fjord",
	"forge", "garnet", "glacier", "harbor", "hazel", "indigo", "jasper", "juniper", "kestrel", "lagoon", "linden", "maple", "meadow", "nimbus",
	"nordwind", "oak", "onyx", "orchid", "osprey", "pebble", "pine", "quartz", "raven", "ridge", "river", "saffron", "sierra", "slate",
	"sorrel", "spruce", "sterling", "summit", "tamarack", "thistle", "tundra", "umber", "vale", "vermilion", "willow", "zephyr",
}

var forms = []string{"AG", "BV", "GmbH", "Group", "Holding", "Ltd", "SA", "SARL"}

var names = []string{
	"ada", "amir", "anna", "ben", "carla", "chen", "dana", "diego", "elif", "emil", "fatima", "finn", "greta", "hugo", "ines", "ivan", "jana",
	"jonas", "kofi", "lena", "lucia", "malik", "maya", "nils", "noor", "olga", "omar", "paula", "ravi", "rosa", "sofia", "tariq", "uma", "yuki",
}

var surnames = []string{
	"acheson", "bauer", "castro", "duarte", "eriksen", "fischer", "garcia", "haas", "ito", "jansen", "keller", "lindqvist", "moreau", "novak",
	"okafor", "petrov", "quist", "rossi", "silva", "tanaka", "ullmann", "vargas", "weber", "yilmaz", "zielinski",
}

var jobs = []string{"Buyer", "Chief", "Director", "Engineer", "Head", "Lead", "Manager", "Owner", "Planner", "President"}
