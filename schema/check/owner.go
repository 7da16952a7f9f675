package check

import (
	"slices"
	"strings"

	"accord/diag"
	"accord/schema"
)

var ownerRules = []*Rule{
	{
		Name: "automation-app-missing", When: []When{AtPlan}, Source: []string{SourceOwner},
		Statement: "A brevo account needs the app automation to assign owners automatically.",
		Reason: `Without the app there are no automations in the account, and owners are assigned by hand. Switch it on
in the account, then add it to its apps.`,
		Breaks: exampleOwner("{platform: brevo, plan: premium}", "{user: anna, list: leads}"),
		Holds:  exampleOwner("{platform: brevo, plan: premium, apps: [automation]}", "{user: anna, list: leads}"),
		check:  checkAutomationApp,
	},
	{
		Name: "rotation-needs-premium", When: []When{AtPlan}, Source: []string{SourceOwner, SourceOurs},
		Statement: "Rotation needs the plan Premium or Enterprise in a brevo account, and Sales or Service Professional or Enterprise in a hubspot account.",
		Reason: `Below that the account assigns each contact to one user. Name the user instead of a rotation, or raise
the plan.`,
		Breaks: exampleOwner("{platform: brevo, plan: starter, apps: [automation]}", "{rotate: [anna, ben], list: leads}"),
		Holds:  exampleOwner("{platform: brevo, plan: premium, apps: [automation]}", "{rotate: [anna, ben], list: leads}"),
		check:  checkRotationPlan,
	},
	{
		Name: "rotation-needs-two-users", When: []When{AtPlan}, Source: []string{SourceOwner},
		Statement: "The account of a rotation has a user besides its first, and the rotation names at least two different ones.",
		Reason: `A rotation of one gives every contact to the same person: that is {user: …}. Give a second user access
to the account, and name both.`,
		Breaks: exampleOwner("{platform: brevo, plan: premium, apps: [automation]}", "{rotate: [anna, anna], list: leads}"),
		Holds:  exampleOwner("{platform: brevo, plan: premium, apps: [automation]}", "{rotate: [anna, ben], list: leads}"),
		check:  checkRotationUsers,
	},
	{
		Name: "default-list-missing", Severity: diag.Warning, When: []When{AtPlan}, Source: []string{SourceOwner},
		Statement: "In a brevo account a step that assigns an owner names the list that the contact joins.",
		Reason: `The vendor asks for a default list when contacts are given owners, and a contact in no list is found by
nobody who works with lists. Name one with manual membership.`,
		Breaks: exampleOwner("{platform: brevo, plan: premium, apps: [automation]}", "{user: anna}"),
		Holds:  exampleOwner("{platform: brevo, plan: premium, apps: [automation]}", "{user: anna, list: leads}"),
		check:  checkDefaultList,
	},
	{
		Name: "owner-not-a-user", When: []When{AtPlan, AtRun}, Source: []string{SourceOwner},
		Statement: "An owner is a user of the account.",
		Reason: `A contact belongs to somebody who can open it. Give the user access to the account, or name another.
When somebody leaves later, a rotation goes on without them and says so.`,
		Breaks: exampleOwner("{platform: brevo, plan: premium, apps: [automation]}", "{user: eva, list: leads}"),
		Holds:  exampleOwner("{platform: brevo, plan: premium, apps: [automation]}", "{user: ben, list: leads}"),
		check:  checkOwners,
	},
}

// exampleOwner is a workflow that assigns owners in an account with two users
// and a list; the user eva has access to none.
func exampleOwner(account, assign string) string {
	return example(`
kind: Workflow
metadata: {name: assign-leads}
spec:
  account: shop
  trigger: {on: contact.created}
  steps:
    - assignOwner: `+assign+`
`, `
kind: Account
metadata: {name: shop}
spec: `+account+`
`, `
kind: List
metadata: {name: leads}
spec: {accounts: [shop], label: Leads, membership: manual}
`, `
kind: User
metadata: {name: anna}
spec: {email: anna@shop.example, access: [{account: shop, superAdmin: true}]}
`, `
kind: User
metadata: {name: ben}
spec: {email: ben@shop.example, access: [{account: shop}]}
`, `
kind: User
metadata: {name: eva}
spec: {email: eva@shop.example}
`)
}

// assignments calls yield for every step that assigns an owner in an account
// that exists.
func (p *pass) assignments(yield func(w workflow, at schema.Path, s *schema.AssignOwner)) {
	for w := range p.workflows() {
		for _, s := range w.steps {
			if s.AssignOwner != nil && w.account != nil {
				yield(w, s.Path.Key("assignOwner"), s.AssignOwner)
			}
		}
	}
}

func checkAutomationApp(p *pass) {
	told := map[*schema.Resource]bool{} // a workflow lacks it once
	p.assignments(func(w workflow, at schema.Path, s *schema.AssignOwner) {
		if w.account.Platform != schema.Brevo || slices.Contains(w.account.Apps, "automation") || told[w.r] {
			return
		}
		told[w.r] = true
		account := p.resource(schema.KindAccount, w.Account)
		p.report(w.r, at, "%s does not have the app automation, so it assigns no owners automatically", account.Name).
			help("Switch the app on in the account and add it to `apps` of %s.", where(account)).
			see(account, spec.Key("apps"), "the apps of %s", account.Name)
	})
}

func checkRotationPlan(p *pass) {
	p.assignments(func(w workflow, at schema.Path, s *schema.AssignOwner) {
		if len(s.Rotate) == 0 {
			return
		}
		account := p.resource(schema.KindAccount, w.Account)
		switch a := w.account; {
		case a.Platform == schema.Brevo && a.Plan != "premium" && a.Plan != "enterprise":
			f := p.report(w.r, at.Key("rotate"), "%s has the plan %s, and rotation needs Premium or Enterprise", account.Name, orNone(a.Plan))
			f.help("Name one `user` instead of `rotate`, or raise the plan of %s.", where(account)).
				see(account, spec.Key("plan"), "the plan of %s", account.Name)
		case a.Platform == schema.HubSpot && !a.HasTier("professional", "sales", "service"):
			p.report(w.r, at.Key("rotate"), "%s has neither Sales nor Service Hub Professional, and rotation needs one of them", account.Name).
				help("Name one `user` instead of `rotate`, or upgrade Sales or Service Hub of %s.", where(account)).
				see(account, spec.Key("subscriptions"), "the subscriptions of %s", account.Name)
		}
	})
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// rotating are the different users that a rotation names, in its order.
func rotating(s *schema.AssignOwner) []string {
	var out []string
	for _, r := range s.Rotate {
		if !slices.Contains(out, r.User) {
			out = append(out, r.User)
		}
	}
	return out
}

// aloneIn reports whether the account has no second user, so that no rotation
// is possible there, whoever it names.
func (p *pass) aloneIn(account string) bool {
	return len(p.UsersOf(account)) < 2 && !p.leftOut(schema.KindUser, account)
}

func checkRotationUsers(p *pass) {
	p.assignments(func(w workflow, at schema.Path, s *schema.AssignOwner) {
		if len(s.Rotate) == 0 {
			return
		}
		users := rotating(s)
		switch {
		case len(users) < 2:
			p.report(w.r, at.Key("rotate"), "the rotation names %s alone", users[0]).
				help("Name at least two different users, or write {user: %s}.", users[0])
		case p.aloneIn(w.Account):
			p.report(w.r, at.Key("rotate"), "%s has %s, and rotation needs a second user", w.Account, have(p.UsersOf(w.Account))).
				help("Give %s access to %s.", sentence(slices.DeleteFunc(users, func(u string) bool { return p.isUser(u, w.Account) })), w.Account)
		}
	})
}

func have(users []*schema.Resource) string {
	if len(users) == 0 {
		return "no user"
	}
	return "the user " + users[0].Name + " alone"
}

func checkDefaultList(p *pass) {
	p.assignments(func(w workflow, at schema.Path, s *schema.AssignOwner) {
		if w.account.Platform == schema.Brevo && s.List == "" && !s.None {
			p.report(w.r, at, "no list is named for the contacts that get an owner in %s", w.Account).
				help("Add `list: NAME`, a list of %s with manual membership.", w.Account)
		}
	})
}

// isUser reports whether the user has access to the account. It searches the
// users of the account: those of an agency have access to thousands.
func (p *pass) isUser(user, account string) bool {
	_, found := slices.BinarySearchFunc(p.UsersOf(account), user, func(r *schema.Resource, name string) int {
		return strings.Compare(r.Name, name)
	})
	return found
}

func checkOwners(p *pass) {
	p.assignments(func(w workflow, at schema.Path, s *schema.AssignOwner) {
		owner := func(user string, at schema.Path) {
			if user == "" || p.User(user) == nil || p.isUser(user, w.Account) {
				return
			}
			p.report(w.r, at, "%s is not a user of %s", user, w.Account).
				help("Give %s access to %s, or name one of its users.", where(p.resource(schema.KindUser, user)), w.Account)
		}
		owner(s.User, at.Key("user"))
		// That a rotation has no second user is a finding of its own.
		if len(rotating(s)) < 2 || !p.aloneIn(w.Account) {
			for i, r := range s.Rotate {
				owner(r.User, at.Key("rotate").Index(i))
			}
		}
		owner(s.Fallback, at.Key("fallback"))
	})
}
