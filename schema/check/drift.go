package check

import "accord/schema"

// Consequence is what the product does by itself because the facts of an account
// are not what they were: an account leaves its organization, a connection loses
// its source. Nobody is asked; plan shows it, apply brings the state in line,
// and the engine obeys at once.
type Consequence struct {
	Rule    string           // the rule that the facts break
	Account string           // whose facts
	Ref     schema.Ref       // what changes
	Message string           // what happens, in a sentence
	After   *schema.Resource // what is left of it; nil: it is deleted
}
