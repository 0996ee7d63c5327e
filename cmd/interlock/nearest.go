package main

import "github.com/agnivade/levenshtein"

// nearest returns the one of some names that was most likely meant; empty: none is
// near.
func nearest(word string, names []string) string {
	best, least := "", max(2, len(word)/3)+1
	for _, name := range names {
		if d := levenshtein.ComputeDistance(word, name); d < least && d < len(name) {
			best, least = name, d
		}
	}
	return best
}
