package configfile

// Template is a JSON value with placeholders in its texts.
type Template struct{ value any }
