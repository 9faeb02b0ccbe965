package profiles

import (
	_ "embed" // the scaling laws
	"fmt"
	"slices"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/scaling"
	"github.com/plimsoll/plimsoll/profiles/names"
)

//go:embed scaling/laws.csv
var lawsCSV string

//go:embed scaling/coefficients.csv
var coefficientsCSV string

//go:embed scaling/points.csv
var pointsCSV string

var (
	lawTable         = table{file: "scaling/laws.csv", kind: "scaling law", text: lawsCSV}
	coefficientTable = table{file: "scaling/coefficients.csv", kind: "coefficient", text: coefficientsCSV}
	pointTable       = table{file: "scaling/points.csv", kind: "point", text: pointsCSV}
)

// Coefficient is a published number of a scaling law.
type Coefficient struct {
	Law, Name     string
	Value         float64
	Low, High     float64 // published 80% interval; 0: none
	StandardError float64 // published; 0: none
	Unit, Checked string
	Source        string
}

// ScalingLaws returns all scaling laws in the order of their file, decoded
// once. Do not change them.
func ScalingLaws() ([]*scaling.Law, error) { return scalingLaws() }

var scalingLaws = sync.OnceValues(readLaws)

// ScalingLaw returns the law that a name means. The error of an unknown name
// is a *names.Miss.
func ScalingLaw(query string) (*scaling.Law, error) {
	id, err := lawIndex().Resolve(query)
	if err != nil {
		return nil, err
	}
	laws, err := ScalingLaws()
	if err != nil {
		return nil, err
	}
	return laws[slices.IndexFunc(laws, func(l *scaling.Law) bool { return l.ID == id })], nil
}

var lawIndex = sync.OnceValue(func() *names.Index {
	ix := indexOf(&lawTable)
	ix.Hint = "plimsoll scaling lists them"
	return ix
})

// indexOf finds the lines of a table by id and alias.
func indexOf(t *table) *names.Index {
	var entries []names.Entry
	for r := range t.rows() {
		entries = append(entries, names.Entry{ID: r.text("id"), Aliases: r.list("aliases")})
	}
	return names.New(t.kind, entries)
}

// Coefficients lists the published numbers of all scaling laws.
func Coefficients() ([]Coefficient, error) {
	var list []Coefficient
	for r := range coefficientTable.rows() {
		c := Coefficient{Law: r.text("law"), Name: r.text("name"), Value: r.number("value"), Low: r.number("low"), High: r.number("high"),
			StandardError: r.number("standard_error"), Unit: r.text("unit"), Checked: r.text("checked"), Source: r.text("source")}
		if err := r.fault(); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func readLaws() ([]*scaling.Law, error) {
	all, err := Coefficients()
	if err != nil {
		return nil, err
	}
	by := map[[2]string]Coefficient{}
	for _, c := range all {
		by[[2]string{c.Law, c.Name}] = c
	}
	points := map[string][]scaling.Point{}
	for r := range pointTable.rows() {
		law := r.text("law")
		points[law] = append(points[law], scaling.Point{FLOPs: r.number("flops"), Params: r.number("params")})
		if err := r.fault(); err != nil {
			return nil, err
		}
	}
	var laws []*scaling.Law
	for r := range lawTable.rows() {
		l := &scaling.Law{ID: r.text("id"), Name: r.text("name"), Year: r.integer("year"), NonEmbedding: r.text("counts") == "non_embedding",
			Comparable: r.text("comparable"), Note: r.text("note"), Caution: r.text("caution"), Source: r.text("source"),
			Fitted: scaling.Range{MinParams: r.number("min_params"), MaxParams: r.number("max_params"), MinTokens: r.number("min_tokens"),
				MaxTokens: r.number("max_tokens"), MinFLOPs: r.number("min_flops"), MaxFLOPs: r.number("max_flops")}}
		of := func(name string) Coefficient {
			c, ok := by[[2]string{l.ID, name}]
			if !ok && r.err == nil {
				r.err = fmt.Errorf("no coefficient %q in coefficients.csv", name)
			}
			return c
		}
		switch kind := r.text("kind"); {
		case r.err != nil:
		case kind == "kaplan":
			l.Curve = scaling.PowerLaw(scaling.PFDay, of("N_e").Value, of("a").Value)
			l.Surface = &scaling.Kaplan{AlphaN: of("alpha_N").Value, Nc: of("N_c").Value, AlphaD: of("alpha_D").Value, Dc: of("D_c").Value,
				AlphaC: of("alpha_C").Value, Cc: of("C_c").Value * scaling.PFDay}
		case kind == "curve":
			a := of("a")
			l.Curve = scaling.Curve{Points: points[l.ID], Exponent: a.Value, Low: a.Low, High: a.High}
		case kind == "parametric":
			alpha, beta := of("alpha"), of("beta")
			p := scaling.NewParametric(scaling.Parametric{E: of("E").Value, A: of("A").Value, B: of("B").Value, Alpha: alpha.Value, Beta: beta.Value,
				SEAlpha: alpha.StandardError, SEBeta: beta.StandardError}, l.Fitted)
			l.Surface, l.Curve = p, p.Curve()
		case kind == "ratio":
			l.Curve = scaling.TokensPerParameter(of("tokens_per_parameter").Value)
		default:
			r.err = fmt.Errorf("no kind of law %q", kind)
		}
		if r.err == nil {
			r.err = l.Check()
		}
		if err := r.fault(); err != nil {
			return nil, err
		}
		laws = append(laws, l)
	}
	return laws, nil
}
