"""What every part of Beside shares: types, contracts, names, knobs, intervals, errors. No torch, no SQL, no HTTP."""
