package crm

// ReadOnly returns a with its writing half taken off: no type assertion brings
// it back.
func ReadOnly(a Account) Reader { return readOnly{a} }

// readOnly has the methods of Reader and no others, whatever a Reader it holds.
type readOnly struct{ Reader }
