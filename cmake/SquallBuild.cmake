# Build rules shared by every layer: language, warnings, build types, and the three functions
# squall_library, squall_program and squall_test that the layers' lists are written in.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Dev, RelWithDebInfo, Debug or Release" FORCE)
endif()

# assert() states our own invariants and stays on in every build type, so no -DNDEBUG anywhere.
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1" CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1" CACHE STRING "" FORCE)
set(CMAKE_CXX_FLAGS_RELEASE "-O2" CACHE STRING "" FORCE)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

add_library(squall_flags INTERFACE)
target_compile_options(squall_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                              -Wconversion -Wno-sign-conversion)
target_include_directories(squall_flags INTERFACE ${CMAKE_SOURCE_DIR})
if(SQUALL_SANITIZE)
  # vptr, null and alignment: CAF binds null references by design, and they double compile time.
  set(sanitizer_flags -fsanitize=${SQUALL_SANITIZE} -fno-omit-frame-pointer)
  if(SQUALL_SANITIZE MATCHES "undefined")
    list(APPEND sanitizer_flags -fno-sanitize=vptr,null,alignment -fno-sanitize-recover=undefined)
  endif()
  target_compile_options(squall_flags INTERFACE ${sanitizer_flags})
  target_link_options(squall_flags INTERFACE ${sanitizer_flags})
endif()

# squall_library(NAME SOURCES a.cpp … LINKS target …): one layer, or one part of a layer.
function(squall_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  if(NOT arg_SOURCES)
    add_library(squall_${name} INTERFACE)
    target_link_libraries(squall_${name} INTERFACE squall_flags ${arg_LINKS} ${arg_PRIVATE_LINKS})
    return()
  endif()
  add_library(squall_${name} STATIC ${arg_SOURCES})
  target_link_libraries(squall_${name} PUBLIC squall_flags ${arg_LINKS} PRIVATE ${arg_PRIVATE_LINKS})
endfunction()

# squall_program(NAME SOURCES main.cpp LINKS target …): a program that people run, with jemalloc.
function(squall_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE squall_flags ${arg_LINKS})
  # The sanitizers bring their own allocator.
  if(TARGET PkgConfig::JEMALLOC AND NOT SQUALL_SANITIZE)
    target_link_libraries(${name} PRIVATE PkgConfig::JEMALLOC)
  endif()
endfunction()

# squall_test(NAME SOURCES x_test.cpp LINKS target … LABELS unit): one Boost.Test program, one CTest
# entry. A test that ends with exit code 77 counts as skipped.
function(squall_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_compile_definitions(${name} PRIVATE BOOST_TEST_DYN_LINK BOOST_TEST_MODULE=${name})
  target_link_libraries(${name} PRIVATE squall_flags ${arg_LINKS} Boost::unit_test_framework)
  add_test(NAME ${name} COMMAND ${name} --log_level=test_suite --color_output=no
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
                       SKIP_RETURN_CODE 77)
endfunction()
