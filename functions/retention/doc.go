// Package retention says for how long recordings are kept, and ends those whose
// days are over.
//
// The policy bounds the days of every camera by its legal category; a change of
// policy, category or days counts at once, for footage that exists too
// (gatepost.RetentionPolicy.Keep is the rule).
package retention
