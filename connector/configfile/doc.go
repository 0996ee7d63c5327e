// Package configfile reads a YAML file that says how a backend is logged in to and
// how its sockets are spoken with, and makes of it the connector.Config that a Go
// program would write by hand: whoever has such a file needs no Go, as with the
// command interlock connect, and whoever outgrows it can go on from the config.
//
// Parse and Load read a file into a [File], with all its faults in one error, each
// with its line and what to write instead. File.Config makes the config, whose
// sockets speak [Message]. Schema is the JSON Schema of the file, for editors.
//
// A file is one YAML document, with *NAME for the value that is named &NAME, and
// without tags and <<. In its texts, though not in names, ${NAME} is a variable of
// the environment, ${NAME:-default} one that may be empty or not set, and $${ stands
// for ${ itself. They are put in after the YAML was read, so no value of a variable
// changes what the fields are; where a number or a truth value is wanted, such a text
// is read as one.
//
// Its one invariant: the file adds nothing to what the connector can do. Each of its
// words stands for a field of the config, or for a function that one of those holds.
//
// What it will not do: connect, read anything but the file and the variables that it
// names, or print a value of the file that may be a secret.
package configfile
