package load

import "accord/schema"

func (t *tree) check(kind schema.Kind) []byte { return appendJSON(nil, t.root) }
