package diag

import (
	"slices"
	"strings"
)

// Closest returns the candidate that a person most probably meant by name, or
// "" where none is near. Near is an edit distance (insert, delete, replace,
// swap of neighbors; case ignored) of at most a third of the name's length, and
// at least one. Ties go to the candidate that sorts first, so that a suggestion
// does not depend on order.
func Closest(name string, candidates []string) string {
	limit := max(1, len([]rune(name))/3)
	best, bestDistance := "", limit+1
	lower := []rune(strings.ToLower(name))
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if c == name {
			continue
		}
		if d := distance(lower, []rune(strings.ToLower(c)), limit); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// DidYouMean returns `did you mean "x"?` for the closest candidate, or "".
func DidYouMean(name string, candidates []string) string {
	if c := Closest(name, candidates); c != "" {
		return `did you mean "` + c + `"?`
	}
	return ""
}

// distance is the optimal string alignment distance of a and b, or limit+1
// where it is larger: three rows, and lengths too far apart are not compared.
func distance(a, b []rune, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
			least = min(least, cur[j])
		}
		if least > limit {
			return limit + 1
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
