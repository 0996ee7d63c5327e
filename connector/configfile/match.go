package configfile

// Match says which messages are meant; the zero Match means none.
type Match struct{ any []condition }

// condition is a set of tests of a message, all of which must hold.
type condition struct{}
