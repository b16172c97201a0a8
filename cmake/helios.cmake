# Compiler settings and the two functions that every folder uses. A folder is one static library with declared
# dependencies, so that an include against the direction of dependencies does not link.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)

set(HELIOS_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(HELIOS_WERROR)
  list(APPEND HELIOS_WARNINGS -Werror)
endif()

# Times that tests may take, in multiples: a sanitizer slows a program several times, and a busy machine does so again.
set(HELIOS_TIMEOUT_FACTOR 1)
if(HELIOS_SANITIZE)
  set(HELIOS_TIMEOUT_FACTOR 3)
  add_compile_options(-fsanitize=${HELIOS_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${HELIOS_SANITIZE})
  if(HELIOS_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

option(HELIOS_PCH "Precompile the headers of the libraries; the debug preset does not, so that it finds a missing include" ON)

find_program(HELIOS_CCACHE ccache)
if(HELIOS_CCACHE)
  # Without these the cache passes over every file that has a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${HELIOS_CCACHE})
  if(HELIOS_PCH)
    add_compile_options(-fpch-preprocess)
  endif()
endif()
find_program(HELIOS_MOLD mold)
if(HELIOS_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# helios_precompiled(name HEADERS <vector> ... DEPS fmt::fmt): a target that holds one precompiled header for many others. Where the
# variable HELIOS_PCH_FROM names it, the targets below use it. Half of a small file's compilation is the standard library.
function(helios_precompiled name)
  cmake_parse_arguments(arg "" "" "HEADERS;DEPS" ${ARGN})
  add_library(${name} STATIC ${PROJECT_SOURCE_DIR}/cmake/pch/empty.cpp)
  target_compile_options(${name} PRIVATE ${HELIOS_WARNINGS})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} Threads::Threads)
  target_precompile_headers(${name} PRIVATE ${arg_HEADERS})
endfunction()

function(helios_use_precompiled name)
  if(HELIOS_PCH AND HELIOS_PCH_FROM)
    target_precompile_headers(${name} REUSE_FROM ${HELIOS_PCH_FROM})
  endif()
endfunction()

set(HELIOS_PCH_STANDARD
    <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <deque> <filesystem> <functional> <map> <memory> <mutex> <optional>
    <set> <span> <sstream> <string> <string_view> <unordered_map> <utility> <variant> <vector>)
if(HELIOS_PCH)
  helios_precompiled(helios_pch_standard HEADERS ${HELIOS_PCH_STANDARD})
  set(HELIOS_PCH_FROM helios_pch_standard)
endif()

# helios_library(name SOURCES a.cpp b.cpp DEPS helios_base ...): the folder's static library.
function(helios_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${HELIOS_WARNINGS})
  target_link_libraries(${name} PUBLIC ${arg_DEPS} Threads::Threads)
  helios_use_precompiled(${name})
endfunction()

# helios_test(name SOURCES a_test.cpp DEPS helios_storage LABELS unit TIMEOUT 60): a doctest program and its ctest entry.
function(helios_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${HELIOS_WARNINGS})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} helios_doctest_main)
  helios_use_precompiled(${name})
  add_test(NAME ${name} COMMAND ${name})
  math(EXPR seconds "${arg_TIMEOUT} * ${HELIOS_TIMEOUT_FACTOR}")
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${seconds})
endfunction()
