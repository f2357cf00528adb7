package whep

// watched says that the viewer is connected, and returns what says that he left.
func (v *viewer) watched() (left func()) {
	if v.looks == nil {
		return func() {}
	}
	return v.looks(v.grant, v.camera)
}
