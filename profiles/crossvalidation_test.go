package profiles

import (
	"strings"
	"testing"

	"github.com/plimsoll/plimsoll/profiles/measured"
)

const crossHead = "id,device,device_sd,device_level,model,model_sd,model_level\n"

func TestParseCrossValidation(t *testing.T) {
	got, err := languageCross.parse(crossHead + "a,-0.25,0.2,family,,,\nb,,,,0.5,0.1,device\nc,,,,,,\n")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]CrossValidated{
		"a": {Device: Held{Judged: true, Log: -0.25, SD: 0.2, Level: "family"}},
		"b": {Model: Held{Judged: true, Log: 0.5, SD: 0.1, Level: "device"}},
		"c": {},
	}
	if len(got) != len(want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
	for id, w := range want {
		if got[id] != w {
			t.Errorf("%s: %+v, want %+v", id, got[id], w)
		}
	}
}

func TestParseCrossValidationRefuses(t *testing.T) {
	for data, want := range map[string]string{
		"":                                ":1: empty",
		"id,device\n":                     ":1: wrong number of fields",
		"id,a,b,c,d,e,f\n":                ":1: the columns must be",
		crossHead + "a,,,\n":              ":2: wrong number of fields",
		crossHead + ",,,,,,\n":            ":2: the id is empty",
		crossHead + "a,,,,,,\na,,,,,,\n":  `:3: "a" stands here a second time`,
		crossHead + "a,x,1,kind,,,\n":     `:2: device: want a number, got "x"`,
		crossHead + "a,NaN,1,kind,,,\n":   ":2: device: want a number",
		crossHead + "a,1,,kind,,,\n":      ":2: device_sd: want a number",
		crossHead + "a,1,0,kind,,,\n":     ":2: device_sd: want a number above 0",
		crossHead + "a,1,1,cousin,,,\n":   ":2: device_level: want one of device, family",
		crossHead + "a,,,,1,1,\n":         ":2: model_level: want one of",
		crossHead + "a,,,,1,1,kind\n\"\n": ":3: ",
	} {
		_, err := languageCross.parse(data)
		if err == nil || !strings.Contains(err.Error(), "calibration/crossvalidation.csv"+want) {
			t.Errorf("%q: %v, want %q", data, err, want)
		}
	}
}

// The files differ in the names of levels, and name themselves.
func TestParseCrossValidationOfPipelines(t *testing.T) {
	got, err := pipelinesCross.parse(crossHead + "a,-0.25,0.2,work,0.5,0.1,engine\n")
	if want := (CrossValidated{Held{true, -0.25, 0.2, "work"}, Held{true, 0.5, 0.1, "engine"}}); err != nil || got["a"] != want {
		t.Errorf("%+v, %v, want %+v", got["a"], err, want)
	}
	for data, want := range map[string]string{
		"":                              "pipelines/crossvalidation.csv:1: empty; write it with plimsoll calibrate --pipelines",
		crossHead + "a,1,1,vendor,,,\n": "pipelines/crossvalidation.csv:2: device_level: want one of device, family, engine, work",
	} {
		if _, err := pipelinesCross.parse(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", data, err, want)
		}
	}
}

// TestCrossValidationIsOfTheRows: what is published here judges the rows that
// are published here.
func TestCrossValidationIsOfTheRows(t *testing.T) {
	all, err := CrossValidation()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := measured.Local()
	if err != nil {
		t.Fatal(err)
	}
	usable := map[string]bool{}
	for i := range rows {
		usable[rows[i].ID] = rows[i].Exclude == ""
	}
	served, err := measured.Serving()
	if err != nil {
		t.Fatal(err)
	}
	for i := range served {
		usable[served[i].ID] = served[i].Exclude == ""
	}
	for id := range all {
		if ok, known := usable[id]; !known || !ok {
			t.Errorf("%s is judged, but is no usable row: run plimsoll calibrate", id)
		}
	}
}

func TestPipelineCrossValidationIsOfTheRows(t *testing.T) {
	all, err := PipelineCrossValidation()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := measured.Pipelines()
	if err != nil {
		t.Fatal(err)
	}
	usable := map[string]bool{}
	for i := range rows {
		usable[rows[i].ID] = rows[i].Exclude == ""
	}
	for id, c := range all {
		if !usable[id] {
			t.Errorf("%s is judged, but is no usable row: run plimsoll calibrate --pipelines profiles/pipelines", id)
		}
		if !c.Device.Judged || !c.Model.Judged {
			t.Errorf("%s is judged by halves: %+v", id, c)
		}
	}
}
