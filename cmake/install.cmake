# Where things go (docs/packaging.md), and the .deb.
include(GNUInstallDirs)
set(TWINC_ZSH_FOLDER zsh/site-functions CACHE STRING "below share/: where zsh looks for completions")

# Completions are made by the program itself.
set(made "")
foreach(shell bash zsh fish)
  set(file ${CMAKE_BINARY_DIR}/completions/twinc.${shell})
  add_custom_command(OUTPUT ${file} DEPENDS twinc VERBATIM
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/completions
    COMMAND $<TARGET_FILE:twinc> completions ${shell} > ${file})
  list(APPEND made ${file})
endforeach()
add_custom_target(completions ALL DEPENDS ${made})

install(TARGETS twinc)
install(FILES docs/man/twinc.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${CMAKE_BINARY_DIR}/completions/twinc.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME twinc)
install(FILES ${CMAKE_BINARY_DIR}/completions/twinc.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/${TWINC_ZSH_FOLDER} RENAME _twinc)
install(FILES ${CMAKE_BINARY_DIR}/completions/twinc.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs stdlib examples DESTINATION ${CMAKE_INSTALL_DOCDIR}
  PATTERN man EXCLUDE PATTERN "*.h" EXCLUDE PATTERN .twin EXCLUDE PATTERN results EXCLUDE PATTERN __pycache__ EXCLUDE
  PATTERN hostile_names EXCLUDE) # dpkg unpacks no name with a line break in it

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME twinc)
set(CPACK_PACKAGE_VENDOR "twinc")
set(CPACK_PACKAGE_CONTACT "The twinc developers <twinc@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "compiler and durable local runtime for digital twins")
set(CPACK_PACKAGE_DESCRIPTION "A .twin file describes a whole digital twin: the data that comes in, the steps, the models, what must hold,
and where it runs. twinc checks it across all these layers at once, plans it,
and runs it, durably, on the machine at hand.")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libgvc6")              # loaded by name, when a picture is drawn
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3, libcurl4, libmicrohttpd12") # likewise, when a manager is asked, a report served
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "python3-numpy, bash-completion")
include(CPack)
