//! What the core of Attune needs from the outside world, as traits and their errors
