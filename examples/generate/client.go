package generate

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// client is one client of an agency: an organization of five accounts.
type client struct {
	*rand.Rand
	office    office
	name      string // such as nordwind-17; every name of its resources begins with it
	title     string
	domain    string
	regions   []region // of the accounts, the primary's first
	accounts  []string
	sellers   []string // of the accounts, one each
	second    []string // a second user of some of the accounts, "" where there is none
	stock     []property
	stages    []string // open stages of the pipeline
	documents []document
}

// newClient draws a client. Its numbers come from the seed and its own number
// alone. It gets more further properties than it has by itself.
func newClient(seed uint64, number, more int) *client {
	c := &client{Rand: rand.New(rand.NewPCG(seed, uint64(number))), office: office{number: number / clientsPerOffice}}
	word := one(c, nouns)
	c.name = fmt.Sprintf("%s-%d", word, number)
	c.title = strings.ToUpper(word[:1]) + word[1:] + " " + one(c, forms)
	c.domain = c.name + ".example"
	for _, i := range c.Perm(len(regions))[:5] {
		c.regions = append(c.regions, regions[i])
		c.accounts = append(c.accounts, c.name+"-"+regions[i].code)
	}
	for _, i := range c.Perm(len(stock))[:1+c.IntN(3)] {
		c.stock = append(c.stock, stock[i])
	}
	c.stages = stages[c.IntN(3) : 4+c.IntN(3)]

	c.organization()
	c.people()
	c.objects()
	for i := range more {
		c.property(property{fmt.Sprintf("note_%d", i+1), "string", nil}, fmt.Sprintf("Note %d", i+1))
	}
	c.workflows()
	return c
}

// one draws one of a list.
func one[T any](c *client, list []T) T { return list[c.IntN(len(list))] }

func (c *client) primary() string { return c.accounts[0] }

func (c *client) add(file, kind, template, name string, v values) {
	v["Client"], v["Office"], v["Title"] = c.name, c.office.name(), c.title
	c.documents = append(c.documents, document{file, kind, template, name, v})
}

func (c *client) organization() {
	hosting := one(c, []string{"eu1", "eu1", "na1", "na2", "ap1"})
	for i, a := range c.accounts {
		v := values{
			"Primary": i == 0, "Region": c.regions[i].code, "Country": c.regions[i].country, "Hosting": hosting,
			"Marketing": one(c, []string{"starter", "professional", "enterprise"}),
			"Hub":       one(c, []string{"sales", "sales", "service"}), "Tier": one(c, []string{"professional", "enterprise"}),
		}
		if i == 0 {
			v["Marketing"] = "enterprise"
		}
		c.add("organization", "Account", "account", a, v)
	}
	c.add("organization", "Organization", "organization", c.name, values{
		"Primary": c.primary(), "Accounts": c.accounts, "Admin": c.name + "-admin",
	})
	// From the primary to each other account, and sometimes between two of those.
	for i := range 4 {
		c.connection(0, i+1, true)
	}
	if c.IntN(2) == 0 {
		c.connection(1, 2, false)
	}
}

func (c *client) connection(from, to int, workflows bool) {
	c.add("connections", "Connection", "connection", fmt.Sprintf("%s-%s-%s", c.name, c.regions[from].code, c.regions[to].code), values{
		"From": c.accounts[from], "To": c.accounts[to], "Workflows": workflows, "Copying": workflows && to == 1,
		"FromCountry": c.regions[from].country, "ToCountry": c.regions[to].country,
	})
}

func (c *client) people() {
	c.add("people", "User", "admin", c.name+"-admin", values{"Accounts": c.accounts, "Email": "admin@" + c.domain})
	c.user("consultant", c.office.domain(), "agency", "partner", 0)
	for i := range c.accounts {
		c.sellers = append(c.sellers, c.user(one(c, names), c.domain, "sales", one(c, []string{"sales", "service"}), i))
		c.second = append(c.second, "")
	}
	i := c.IntN(4)
	u := c.user(one(c, names), c.domain, "service", "service", i, i+1)
	c.second[i], c.second[i+1] = u, u
}

// user adds a person with access to some of the accounts and returns their name.
func (c *client) user(first, domain, team, seat string, accounts ...int) string {
	first = fmt.Sprintf("%s%d", first, len(c.documents)) // two people may have one name
	var in, countries []string
	for _, i := range accounts {
		in, countries = append(in, c.accounts[i]), append(countries, c.regions[i].country)
	}
	name := c.name + "-" + first
	c.add("people", "User", "user", name, values{
		"Team": team, "Email": first + "." + one(c, surnames) + "@" + domain, "TwoFactor": c.IntN(3) > 0, "Seat": seat, "Accounts": in,
		"Description": strings.ToUpper(team[:1]) + team[1:] + " for " + c.title + " in " + strings.Join(countries, " and "),
	})
	return name
}

func (c *client) objects() {
	codes, countries := make([]string, 5), make([]string, 5)
	for i, r := range c.regions {
		codes[i], countries[i] = r.code, r.country
	}
	c.property(property{"brand_interest", "enumeration", codes}, "Brand of interest")
	for _, p := range c.stock {
		c.property(p, strings.ToUpper(p.name[:1])+strings.ReplaceAll(p.name[1:], "_", " "))
	}
	c.add("objects", "Pipeline", "pipeline", c.name+"-sales", values{"Label": "Sales of " + c.title, "Open": c.stages})
	c.add("objects", "List", "manual-list", c.name+"-leads", values{})
	c.add("objects", "List", "list", c.name+"-focus", values{"Account": one(c, c.accounts), "Label": "Focus", "Where": c.condition()})
	c.add("objects", "Form", "form", c.name+"-contact-us", values{"Account": c.primary(), "Label": "Contact us"})
	c.add("objects", "Email", "email", c.name+"-welcome", values{"Account": c.primary(), "Countries": strings.Join(countries, ", ")})
	c.add("objects", "SubscriptionType", "subscription", c.name+"-news", values{})
	if c.IntN(2) == 0 {
		c.add("objects", "AssetCopy", "copy", c.name+"-kit", values{"Account": c.primary(), "To": c.accounts[1]})
	}
}

func (c *client) property(p property, label string) {
	c.add("objects", "Property", "property", c.name+"-"+strings.ReplaceAll(p.name, "_", "-"), values{
		"Type": p.typ, "Label": label, "Internal": p.name, "Options": p.options,
	})
}

func (c *client) workflows() {
	list, subscription := c.name+"-leads", c.name+"-news"
	add := func(template, name string, v values) {
		v["List"], v["Subscription"] = list, subscription
		c.add("workflows", "Workflow", template, c.name+"-"+name, v)
	}
	// Who asks about another brand is forwarded to it. Both halves of the use
	// case, and of the next, are always there.
	to := 1 + c.IntN(2)
	add("forward", "forward", values{
		"Account": c.primary(), "Form": c.name + "-contact-us", "Region": c.regions[to].code, "To": c.accounts[to],
		"Domain": c.domain, "Days": 7 * (1 + c.IntN(12)), "Max": 2 + c.IntN(9),
	})
	add("follow-up", "welcome-"+c.regions[to].code, values{
		"Account": c.accounts[to], "Basis": "consent", "Days": 1 + c.IntN(9), "Owner": c.sellers[to],
	})
	to = 3 + c.IntN(2)
	add("won-deal", "cross-sell", values{
		"Account": c.primary(), "To": c.accounts[to], "Amount": 500 * (1 + c.IntN(200)), "Domain": c.domain, "Hours": 12 * (1 + c.IntN(10)),
		"Pipeline": c.name + "-sales", "Stage": c.stages[0],
	})
	add("follow-up", "welcome-"+c.regions[to].code, values{
		"Account": c.accounts[to], "Basis": "legitimate-interest-customer", "Days": 1 + c.IntN(9), "Owner": c.sellers[to],
	})
	for i, u := range c.second {
		if u != "" && c.IntN(2) == 0 {
			add("rotate", "rotate-"+c.regions[i].code, values{
				"Account": c.accounts[i], "First": c.sellers[i], "Second": u, "Weight": 2 + c.IntN(4),
				"Countries": fmt.Sprintf("%q, %q", c.regions[i].country, c.regions[(i+1)%5].country),
			})
		}
	}
	for i := range 1 + c.IntN(4) {
		at := c.IntN(5)
		v := values{"Account": c.accounts[at], "Owner": c.sellers[at], "Days": 7 * (1 + c.IntN(12)), "Hours": 12 * (1 + c.IntN(10))}
		switch i {
		case 0:
			v["Where"] = c.condition()
			add("matches", "qualify-"+c.regions[at].code, v)
		case 1:
			v["Job"] = one(c, jobs)
			add("newsletter", "newsletter-"+c.regions[at].code, v)
		case 2:
			v["Employees"], v["Revenue"] = 50*(1+c.IntN(40)), 500_000*(1+c.IntN(100))
			add("company", "large-companies-"+c.regions[at].code, v)
		default:
			v["Where"] = c.condition()
			add("matches", fmt.Sprintf("focus-%d-%s", i, c.regions[at].code), v)
		}
	}
}

// condition draws a condition on contacts of any of the accounts.
func (c *client) condition() string {
	p := one(c, c.stock)
	var own string
	switch p.typ {
	case "number":
		own = fmt.Sprintf("contact.%s >= %d", p.name, 5*(1+c.IntN(60)))
	case "boolean":
		own = fmt.Sprintf("contact.%s && has(contact.company)", p.name)
	case "date":
		own = fmt.Sprintf("contact.%s > date(\"%d-%02d-01\")", p.name, 2024+c.IntN(3), 1+c.IntN(12))
	case "enumeration":
		own = fmt.Sprintf("contact.%s == %q", p.name, one(c, p.options))
	default:
		own = fmt.Sprintf("contact.%s.startsWith(%q)", p.name, strings.ToUpper(one(c, nouns)[:3]))
	}
	switch c.IntN(4) {
	case 0:
		return own
	case 1:
		return fmt.Sprintf("%s && contact.country == %q", own, one(c, regions).country)
	case 2:
		return fmt.Sprintf("%s && contact.jobtitle.contains(%q)", own, one(c, jobs))
	default:
		return fmt.Sprintf("%s && contact.lifecyclestage in [%q, %q]", own, "lead", one(c, []string{"opportunity", "subscriber", "marketingqualifiedlead"}))
	}
}
