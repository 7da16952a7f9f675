package schema

// When a copy follows its source.
const (
	CopyOnce   = "once"
	CopyUpdate = "update"
)

// AssetCopy copies assets from one account to others.
type AssetCopy struct {
	From     string   `json:"from"`
	To       []string `json:"to"`
	Assets   []Asset  `json:"assets"`
	OnChange string   `json:"onChange,omitempty"` // "": once
}

// Asset names one asset of the source account: what it is → its label there,
// such as {email: Welcome}. It has one entry; the rule asset-kind-not-copyable
// says which words are allowed, because "only emails, lists and forms" is a rule
// of the product and not of the language.
type Asset map[string]string

// Copyable maps the words of Asset to the kinds that can be copied.
var Copyable = map[string]Kind{"email": KindEmail, "list": KindList, "form": KindForm}

// Kind implements Spec.
func (*AssetCopy) Kind() Kind { return KindAssetCopy }

// References implements Spec: assets are labels in an account, which need not
// be declared here.
func (a *AssetCopy) References(yield func(Path, Ref)) {
	name(KindAccount, spec.Key("from"), a.From, yield)
	names(KindAccount, spec.Key("to"), a.To, yield)
}

// Canonical implements Spec.
func (a *AssetCopy) Canonical() Spec {
	out := *a
	out.To = sorted(a.To)
	out.OnChange = unless(a.OnChange, CopyOnce)
	return &out
}
