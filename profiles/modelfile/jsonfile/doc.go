// Package jsonfile reads the JSON objects of model configs: bounded in size
// and nesting, lenient towards what Python writes, with checked access to
// their fields.
package jsonfile
