package check

var mirroringRules = []*Rule{}
