//! The use cases of Attune: one file each, over domain and ports alone
