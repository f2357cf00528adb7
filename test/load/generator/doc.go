// Package generator runs publishers or viewers in a process of their own, so that
// their processor time can be told from the server's, and from each other's.
//
// The process is the program itself with another argument. Parent and child talk in
// JSON, a line each: the parent writes a Spec, the child answers "ready" when all
// have begun; then the parent asks for what it wants (see Process), and the child
// answers each time. The child ends when told, or when its standard input does: no
// generator outlives its parent.
package generator
