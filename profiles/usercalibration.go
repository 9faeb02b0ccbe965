package profiles

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/plimsoll/plimsoll/estimator/calibration"
)

// userCalibrationFile lies in the user's folder and holds what plimsoll
// calibrate --from learnt: lines of calibration.GroupColumns.
const userCalibrationFile = "calibration.csv"

// UserCalibrationPath is where the user's own calibration lies, "" where
// there is no user folder.
func UserCalibrationPath() string {
	dir := UserDir()
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, userCalibrationFile)
}

var userCalibration = sync.OnceValues(func() (*calibration.Table, error) {
	t, err := Calibration()
	if err != nil {
		return nil, err
	}
	path := UserCalibrationPath()
	if path == "" {
		return t, nil
	}
	const limit = 1 << 20 // far more than a line for every device there is
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return t, nil
	case err != nil:
		return nil, fmt.Errorf("%s: cannot be read; make it readable or remove it", path)
	case info.IsDir() || info.Size() > limit:
		return nil, fmt.Errorf("%s: not a calibration of plimsoll's; remove it, or calibrate again", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read; make it readable or remove it", path)
	}
	own, err := t.WithOwn(string(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w; remove it, or calibrate again", path, err)
	}
	return own, nil
})

// UserCalibration is Calibration with what the user's own measurements
// changed, if there are any. It is read once. Errors name the file.
func UserCalibration() (*calibration.Table, error) { return userCalibration() }

// WriteUserCalibration keeps groups of a table that own measurements refined,
// in the user's folder, which it makes if need be. It returns the file's path.
func WriteUserCalibration(t *calibration.Table) (string, error) {
	path := UserCalibrationPath()
	if path == "" {
		return "", fmt.Errorf("there is no user folder; set PLIMSOLL_PROFILES to one")
	}
	return path, replaceFile(path, []byte(t.FormatOwn()))
}
