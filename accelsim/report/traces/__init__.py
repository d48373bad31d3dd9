"""What every unit did and when, in the formats of trace viewers and of waveform viewers."""
