// Package configfile reads a YAML file that says how a backend is logged in to and
// how its sockets are spoken with, and makes of it the connector.Config that a Go
// program would write by hand: whoever has such a file needs no Go, as with the
// command interlock connect, and whoever outgrows it can go on from the config.
//
// Parse and Load read a file into a [File], with all its faults in one error, each
// with its line and what to write instead. File.Config makes the config, whose
// sockets speak [Message]. Schema is the JSON Schema of the file, for editors.
//
// Its one invariant: the file adds nothing to what the connector can do. Each of its
// words stands for a field of the config, or for a function that one of those holds.
//
// What it will not do: connect, read anything but the file and the variables that it
// names, or print a value of the file that may be a secret.
package configfile
