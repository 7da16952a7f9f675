package schema

// Project is accord.yaml: what holds for the whole configuration.
type Project struct {
	// Resources are the globs of files that belong to the configuration,
	// relative to the root; none: everything below it but *_test.yaml and dot
	// folders.
	Resources []string `json:"resources,omitempty"`
	State     *State   `json:"state,omitempty"`
	// Rules changes severities: rule name → error, warning, info or off.
	Rules map[string]string `json:"rules,omitempty"`
}

// State says where the applied state is kept.
type State struct {
	Badger *BadgerState `json:"badger,omitempty"`
}

// BadgerState is the embedded store.
type BadgerState struct {
	Path string `json:"path,omitempty"` // folder, relative to the root; default .accord
	// EncryptionKey is where the key of the encryption at rest is found: 16,
	// 24 or 32 bytes, in hexadecimal or base64. None: not encrypted.
	EncryptionKey *Secret `json:"encryptionKey,omitempty"`
}

// Secret names where a secret is found. The secret itself never stands in YAML,
// in the state or in a plan.
type Secret struct {
	Env  string `json:"env,omitempty"`  // name of an environment variable
	File string `json:"file,omitempty"` // path, relative to the root
}

// DefaultStatePath is the folder of the embedded store where none is named.
const DefaultStatePath = ".accord"

// Kind implements Spec.
func (*Project) Kind() Kind { return KindProject }

// References implements Spec: a project names no resource.
func (*Project) References(func(Path, Ref)) {}

// Canonical implements Spec.
func (p *Project) Canonical() Spec { return p }
