class: Nothing
