package plan

// DigestOf computes the digest, for tests that change a plan.
func DigestOf(p *Plan) string { return p.digest() }
