"""What every part of Beside shares: types, contracts, names, knobs, intervals, errors. Standard library, numpy and pydantic only."""
