# Debian's libcaf-dev ships neither a CMake package nor a pkg-config file. Makes the imported target caf::core.
# CAF_ENABLE_TYPE_ID_CHECKS stays off: our messages never leave the process, and the check refuses every type without an id.

find_path(CAF_INCLUDE caf/actor_system.hpp REQUIRED)
find_library(CAF_CORE caf_core REQUIRED)

if(NOT TARGET caf::core)
  add_library(caf::core UNKNOWN IMPORTED GLOBAL)
  set_target_properties(caf::core PROPERTIES IMPORTED_LOCATION ${CAF_CORE} INTERFACE_INCLUDE_DIRECTORIES ${CAF_INCLUDE})
endif()
