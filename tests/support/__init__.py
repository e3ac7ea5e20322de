"""What tests share. Whoever imports it builds and looks at data of every agency; requests and jobs say their own
reach."""

from manzanita.platform import reach

reach.unless_said = reach.WHOLE
