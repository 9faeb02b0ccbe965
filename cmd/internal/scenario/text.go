package scenario

import (
	"fmt"
	"strconv"
	"strings"
)

// Put gives the field with the given JSON name the value that text spells:
// the text itself, a whole number, a number, or true or false.
func (s *Scenario) Put(name, text string) error {
	switch to := s.field([]byte(name)).(type) {
	case *string:
		*to = text
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%.60q is not a whole number", text)
		}
		*to = n
	case *float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%.60q is not a number", text)
		}
		*to = f
	case *bool:
		on, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%.60q is neither true nor false", text)
		}
		*to = on
	case **bool:
		on, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%.60q is neither true nor false", text)
		}
		*to = &on
	case *[]string:
		*to = append(*to, text)
	default:
		return fmt.Errorf("a scenario has no field %.60q", name)
	}
	return nil
}

// Text spells the value of a field as Put reads it; "" where it is empty,
// zero or unset.
func (s *Scenario) Text(name string) string {
	switch v := s.field([]byte(name)).(type) {
	case *string:
		return *v
	case *int:
		if *v != 0 {
			return strconv.Itoa(*v)
		}
	case *float64:
		if *v != 0 {
			return strconv.FormatFloat(*v, 'g', -1, 64)
		}
	case *bool:
		if *v {
			return "true"
		}
	case **bool:
		if *v != nil {
			return strconv.FormatBool(**v)
		}
	case *[]string:
		return strings.Join(*v, ",")
	}
	return ""
}
