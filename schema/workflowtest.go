package schema

// WorkflowTest is a test of workflows, in *_test.yaml. Its body is read by the
// test runner; to the configuration it is opaque.
type WorkflowTest struct {
	Given map[string]any   `json:"given,omitempty"`
	When  []map[string]any `json:"when,omitempty"`
	Then  []map[string]any `json:"then,omitempty"`
}

// Kind implements Spec.
func (*WorkflowTest) Kind() Kind { return KindWorkflowTest }

// References implements Spec: what a test names is checked when it runs.
func (*WorkflowTest) References(func(Path, Ref)) {}

// Canonical implements Spec.
func (t *WorkflowTest) Canonical() Spec { return t }
